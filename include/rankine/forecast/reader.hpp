// SPDX-License-Identifier: Apache-2.0
// Reads series from the M3 file, M4 files, CSV in long form and HDF5. A wrong file is an InputError naming
// file, line and remedy; a bad series stays in the dataset with a `defect`, so that it is reported and the
// rest goes on. Nothing is fitted or downloaded here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <rankine/forecast/series.hpp>

namespace rankine::forecast {

struct ReadOptions {
  /// 0: as the file or its name says. Required for CSV in long form, and for HDF5 files without attributes.
  /// Where M3 and M4 files say another one, that stays the lag of MASE.
  int season = 0;
  /// 0: as the file says. Otherwise the last `horizon` values of every series become its hold-out.
  int horizon = 0;
  /// Columns of CSV in long form, found by name (any case) in the header.
  std::string id_column = "id";
  std::string time_column = "time";
  std::string value_column = "value";

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& season& horizon& id_column& time_column& value_column;
  }
};

/// Finds out what lies at `path` and reads it:
///   M3          a CSV with the header id,period,type,frequency,horizon,n,split,values (two rows a series:
///   train, test) M4          NAME-train.csv with NAME-test.csv beside it, or a folder with such pairs; NAME
///   is Yearly, Quarterly,
///               Monthly, Weekly, Daily or Hourly (m 1 4 12 1 1 24, h 6 8 18 13 14 48); other names need both
///               options
///   long CSV    a header with the three columns, a row an observation, in any order. Times are all numbers,
///   or all
///               ISO dates (2024-01, 2024-01-31) or timestamps (2024-01-31T12:30[:15[.5]][Z], or a blank for
///               the T). A series with a missing or repeated time gets a defect. Values that are empty, NA or
///               NaN are missing.
///   HDF5        datasets `ids` (strings, S), `offsets` (integers, S+1, the first 0), `values` (doubles,
///   offsets[S],
///               series after series), optional `groups` (strings, S); optional integer attributes `season`
///               and `horizon` of the root group. The last `horizon` values are the hold-out.
/// Throws InputError (what is wrong, where, what to do) or SystemError (the system or HDF5 fails while
/// reading).
Dataset read_dataset(const std::filesystem::path& path, const ReadOptions& options = {});

/// What a file of series says of all of them.
struct SeriesFile {
  std::string name;
  std::uint64_t series = 0;
  std::uint64_t values = 0;
  int season = 1;
  int own_season = 0;  ///< what the file itself says; 0: nothing
  int horizon = 0;
};

/// Writes `dataset` in the HDF5 layout above (train and test joined). All series must have one season and one
/// horizon: else InputError. Throws SystemError naming the file.
void write_dataset_hdf5(const std::filesystem::path& path, const Dataset& dataset);

}  // namespace rankine::forecast
