// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/space_toml.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <toml++/toml.h>

#include <rankine/core/error.hpp>

#include "files/csv.hpp"

namespace rankine::tune {
namespace {

class SpaceReader {
 public:
  explicit SpaceReader(std::string name) : name_(std::move(name)) {}

  Space read(const toml::table& file) {
    const toml::table* space = file["space"].as_table();
    if (!space) fail(file, "there is no table [space] with the dimensions");
    for (const auto& [key, node] : in_order(file)) {
      if (key != "space" && key != "constraints") {
        fail(*node, fmt::format("\"{}\" is not known here; there are: space, constraints", key));
      }
    }
    Space made;
    for (const auto& [key, node] : in_order(*space)) {
      try {
        made.add(dimension(key, *node));
      } catch (const InputError& error) {
        fail(*node, error.what());
      }
    }
    if (made.size() == 0) fail(*space, "[space] has no dimensions");
    if (const toml::node* constraints = file.get("constraints")) {
      for (const std::string& text : texts(*constraints, "constraints")) {
        try {
          add_constraint(made, text);
        } catch (const InputError& error) {
          fail(*constraints, error.what());
        }
      }
    }
    return made;
  }

 private:
  using Entry = std::pair<std::string, const toml::node*>;

  [[noreturn]] void fail(const toml::node& node, const std::string& words) const {
    const std::string start = fmt::format("{}, line {}: ", name_, node.source().begin.line);
    throw InputError(words.starts_with(name_) ? words : start + words);
  }

  /// toml++ sorts by name; the file's order is the one that people mean.
  static std::vector<Entry> in_order(const toml::table& table) {
    std::vector<Entry> entries;
    for (const auto& [key, node] : table) entries.emplace_back(std::string(key.str()), &node);
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      const auto at = [](const Entry& e) {
        return std::pair(e.second->source().begin.line, e.second->source().begin.column);
      };
      return at(a) < at(b);
    });
    return entries;
  }

  static std::optional<std::string> text(const toml::node& node) {
    if (const auto* value = node.as_string()) return value->get();
    if (const auto* value = node.as_integer()) return fmt::format("{}", value->get());
    if (const auto* value = node.as_floating_point()) return fmt::format("{}", value->get());
    if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
    return std::nullopt;
  }

  /// A list of texts or numbers, or a single one.
  std::vector<std::string> texts(const toml::node& node, const std::string& what) const {
    std::vector<std::string> made;
    if (const auto single = text(node)) return {*single};
    const toml::array* list = node.as_array();
    if (!list) fail(node, fmt::format("\"{}\" must be a list of texts or numbers", what));
    for (const toml::node& element : *list) {
      const auto one = text(element);
      if (!one) fail(element, fmt::format("an element of \"{}\" is neither a text nor a number", what));
      made.push_back(*one);
    }
    return made;
  }

  std::vector<double> numbers(const toml::node& node, const std::string& kind, std::size_t count) const {
    std::vector<double> made;
    if (const toml::array* list = node.as_array()) {
      for (const toml::node& element : *list) {
        const auto value = element.value<double>();
        if (!value) fail(element, fmt::format("\"{}\" takes numbers", kind));
        made.push_back(*value);
      }
    }
    if (made.empty() || (count > 0 && made.size() != count)) {
      fail(node, count == 3 ? fmt::format("\"{}\" takes [low, high, step]", kind)
                            : fmt::format("\"{}\" takes {}", kind,
                                          count == 2 ? "[low, high]" : "a list of numbers"));
    }
    return made;
  }

  std::optional<Dimension> of_kind(const std::string& name, const std::string& kind,
                                   const toml::node& node) const {
    const auto bounds = [&] { return numbers(node, kind, 2); };
    const auto made = [&](Dimension (*make)(std::string, double, double)) {
      const std::vector<double> ends = bounds();
      return make(name, ends[0], ends[1]);
    };
    if (kind == "uniform") return made(uniform);
    if (kind == "log_uniform") return made(log_uniform);
    if (kind == "integer") return made(integer);
    if (kind == "log_integer") return made(log_integer);
    if (kind == "categorical") return categorical(name, texts(node, kind));
    if (kind == "levels") return levels(name, numbers(node, kind, 0), false);
    if (kind == "log_levels") return levels(name, numbers(node, kind, 0), true);
    if (kind != "quantised") return std::nullopt;
    const std::vector<double> given = numbers(node, kind, 3);
    return quantised(name, given[0], given[1], given[2]);
  }

  Dimension dimension(const std::string& name, const toml::node& node) const {
    if (node.is_array()) return categorical(name, texts(node, name));
    const toml::table* table = node.as_table();
    if (!table)
      fail(node,
           fmt::format("\"{}\" is neither a list of choices nor a table like {{ uniform = [0, 1] }}", name));
    std::optional<Dimension> made;
    for (const auto& [key, value] : in_order(*table)) {
      if (key == "when") continue;
      auto found = of_kind(name, key, *value);
      if (!found || made) {
        fail(*value,
             fmt::format("\"{}\" of \"{}\" is not known, or a second kind; take one of uniform, log_uniform, "
                         "quantised, integer, log_integer, categorical, levels, log_levels",
                         key, name));
      }
      made = std::move(found);
    }
    if (!made) fail(node, fmt::format("\"{}\" has no kind, such as uniform = [0, 1]", name));
    if (const toml::node* when = table->get("when")) {
      const toml::table* condition = when->as_table();
      if (!condition || condition->size() != 1) {
        fail(*when, "\"when\" takes one dimension and its values, such as { optimiser = \"sgd\" }");
      }
      const auto [parent, values] = in_order(*condition).front();
      made->when(parent, texts(*values, "when"));
    }
    return *made;
  }

  std::string name_;
};

}  // namespace

Space parse_space(std::string_view text, const std::string& name) {
  try {
    return SpaceReader(name).read(toml::parse(text, name));
  } catch (const toml::parse_error& error) {
    throw InputError(fmt::format("{}, line {}: {}", name, error.source().begin.line, error.description()));
  }
}

Space read_space(const std::filesystem::path& file) {
  return parse_space(files::read_text(file), file.string());
}

}  // namespace rankine::tune
