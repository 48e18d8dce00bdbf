// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/saved_models.hpp>

#include "files/hdf5.hpp"

namespace rankine::forecast {

namespace {

constexpr std::int64_t kLayout = 3;  // of ResultsFile

void check_saved(const files::Hdf5Reader& file, const std::string& path) {
  if (file.attribute("layout", 0) != kLayout || !file.has("state")) {
    throw InputError(
        fmt::format("{} holds no saved models, or those of an older version: make it by rankine-many-models "
                    "--save-models (its results.h5)",
                    path));
  }
}

const std::string& entry(const std::vector<std::string>& texts, std::int64_t at, const std::string& path) {
  if (at < 0 || at >= static_cast<std::int64_t>(texts.size()))
    throw InputError(fmt::format("{} is damaged: it refers to entry {} of {}", path, at, texts.size()));
  return texts[static_cast<std::size_t>(at)];
}

/// Values of one fit after another: `ends` are where they end, `begin` where the first one begins.
class Ragged {
 public:
  Ragged(const files::Hdf5Reader& file, const std::string& name, std::uint64_t first, std::uint64_t count)
      : ends_(file.integers(name + "_end", first, count)),
        begin_(first == 0 ? 0 : file.integers(name + "_end", first - 1, 1).back()) {
    const std::int64_t end = ends_.empty() ? begin_ : ends_.back();
    if (begin_ < 0 || end < begin_ || !std::is_sorted(ends_.begin(), ends_.end()))
      throw InputError(fmt::format("{}_end does not rise: the file is damaged", name));
    values_ =
        file.doubles(name, static_cast<std::uint64_t>(begin_), static_cast<std::uint64_t>(end - begin_));
  }
  std::vector<double> of(std::size_t fit) const {
    const std::int64_t from = (fit == 0 ? begin_ : ends_[fit - 1]) - begin_;
    return {values_.begin() + from, values_.begin() + (ends_[fit] - begin_)};
  }

 private:
  std::vector<std::int64_t> ends_;
  std::int64_t begin_;
  std::vector<double> values_;
};

}  // namespace

SavedModels load_saved(const SeriesRange& range) {
  const files::Hdf5Reader file(range.path);
  check_saved(file, range.path);
  const std::uint64_t first = range.first;
  const std::uint64_t count = range.count;
  const std::vector<std::string> ids = file.texts("ids", first, count);
  const std::vector<std::string> groups = file.texts("groups");
  const std::vector<std::string> forms = file.texts("forms");
  const std::vector<std::int64_t> group = file.integers("group", first, count);
  const std::vector<std::int64_t> season = file.integers("season", first, count);
  const std::vector<std::int64_t> horizon = file.integers("horizon", first, count);
  const std::vector<std::int64_t> form = file.integers("form", first, count);
  const std::vector<double> loglik = file.doubles("loglik", first, count);
  const std::vector<double> aicc = file.doubles("aicc", first, count);
  const std::vector<double> sigma2 = file.doubles("sigma2", first, count);
  const Ragged parameters(file, "parameters", first, count);
  const Ragged states(file, "state", first, count);

  SavedModels saved;
  for (std::size_t s = 0; s < ids.size(); ++s) {
    Series series;
    series.id = ids[s];
    series.group = entry(groups, group[s], range.path);
    series.season = static_cast<int>(season[s]);
    series.horizon = range.read.horizon > 0 ? range.read.horizon : static_cast<int>(horizon[s]);
    saved.series.push_back(std::move(series));
  }
  for (std::size_t k = 0; k < form.size(); ++k) {
    Fit& fit = saved.fits.emplace_back();
    if (form[k] < 0) {
      fit.failure = "had not been fitted when the models were saved";
      continue;
    }
    fit.form = entry(forms, form[k], range.path);
    fit.parameters = parameters.of(k);
    fit.state = states.of(k);
    fit.loglik = loglik[k];
    fit.aicc = aicc[k];
    fit.sigma2 = sigma2[k];
  }
  return saved;
}

SavedHeader read_saved_header(const std::string& path) {
  const files::Hdf5Reader file(path);
  check_saved(file, path);
  SavedHeader header;
  header.dataset = file.text_attribute("/", "dataset");
  header.models = fmt::format("{}", fmt::join(file.texts("models"), ","));
  header.groups = file.texts("groups");
  header.series = file.shape("ids").at(0);
  header.horizon_max = static_cast<int>(file.attribute("horizon_max", 1));
  header.seed = static_cast<std::uint64_t>(file.attribute("seed", 1));
  return header;
}

}  // namespace rankine::forecast
