// SPDX-License-Identifier: Apache-2.0
// What a trial sees of its study while it runs on a rank: its hyperparameters, from where to where it trains,
// its checkpoint, and whom it reports to. Never decides anything.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <rankine/serialize/array.hpp>
#include <rankine/serialize/boost.hpp>
#include <rankine/serialize/serialize.hpp>
#include <rankine/tune/study.hpp>
#include <rankine/tune/value.hpp>

namespace rankine::tune {

/// A piece of a trial, as it goes to a rank.
struct TrialRequest {
  Assignment assignment;
  Parameters parameters;
  Step steps_max = kLastStep;
  double cost_before = 0;  ///< of the trial, before this piece
  std::string desk;        ///< name of the actor that takes reports while trials run; empty: none does

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& assignment& parameters& steps_max& cost_before& desk;
  }
};

/// What comes back.
struct TrialResult {
  std::vector<Report> reports;
  Ending ending;
  Array<std::byte> checkpoint;  ///< empty: it saved none
};

/// The first parameter of a trial's function: `double train(rk::tune::TrialContext& trial)`.
///
///   Model model(trial.parameters().number("lr"));
///   if (auto saved = trial.load<State>()) model = *saved;      // from() steps are in it
///   for (Step step = trial.from() + 1; step <= trial.until(); ++step) {
///     model.train_an_epoch();
///     if (trial.report(step, model.loss()) != Decision::go_on) break;
///   }
///   trial.save(model.state());
///   return model.loss();
class TrialContext {
 public:
  TrialContext(TrialRequest request, const TrialResult& previous);
  ~TrialContext();
  TrialContext(const TrialContext&) = delete;
  TrialContext& operator=(const TrialContext&) = delete;

  const Parameters& parameters() const { return request_.parameters; }
  TrialId trial() const { return request_.assignment.trial; }
  /// The steps that its checkpoint has; 0: it begins anew.
  Step from() const { return from_; }
  /// The last step that it is asked for, inclusive. kLastStep if the study knows no end: the trial ends
  /// itself.
  Step until() const;
  /// Whether until() is the end of the whole trial.
  bool whole() const { return request_.assignment.until >= request_.steps_max; }

  /// What save() of the trial, or of the one that it takes over from, kept. Nothing: it begins anew. T is
  /// what was saved: another type throws SerializeError where the bytes do not fit.
  template <class T>
  std::optional<T> load() const {
    if (loaded_.empty()) return std::nullopt;
    Reader reader(loaded_.span());
    return unpack<T>(reader);
  }
  /// Keeps a value for the next piece of the trial, for those that take over from it, and for the program
  /// when the trial is the best. The last one counts. Travels through the object store.
  template <class T>
  void save(const T& value) {
    Sizer sizer;
    pack(sizer, value);
    std::vector<std::byte> bytes(sizer.written());
    Writer writer(bytes);
    pack(writer, value);
    saved_ = std::move(bytes);
  }

  /// Says how good it is at `step`. go_on, or: save and return. `cost`: of this piece so far, by default the
  /// steps that it trained.
  Decision report(Step step, double value, double cost = -1) {
    return report(step, std::vector<double>{value}, cost);
  }
  Decision report(Step step, std::vector<double> values, double cost = -1);

  /// For the runtime.
  TrialResult finish(std::vector<double> values);

 private:
  struct Line;  ///< to the desk

  TrialRequest request_;
  Array<std::byte> loaded_;
  Step from_ = 0;
  TrialResult result_;
  std::vector<std::byte> saved_;
  Decision decision_ = Decision::go_on;
  std::unique_ptr<Line> line_;
};

}  // namespace rankine::tune

namespace rankine {

template <>
struct Codec<tune::TrialResult> {
  template <class Sink>
  static void pack(Sink& sink, const tune::TrialResult& result) {
    rankine::pack(sink, result.reports);
    rankine::pack(sink, result.ending);
    rankine::pack(sink, result.checkpoint);
  }
  static tune::TrialResult unpack(Reader& reader) {
    tune::TrialResult result;
    result.reports = rankine::unpack<std::vector<tune::Report>>(reader);
    result.ending = rankine::unpack<tune::Ending>(reader);
    result.checkpoint = rankine::unpack<Array<std::byte>>(reader);
    return result;
  }
};

}  // namespace rankine
