// SPDX-License-Identifier: Apache-2.0
// Each format read from small files written here, and the sentence for each way in which a file can be wrong.
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

#include <rankine/core/error.hpp>
#include <rankine/forecast/chunk.hpp>
#include <rankine/forecast/reader.hpp>

#include "catch.hpp"
#include "files/hdf5.hpp"
#include "files/hdf5_writer.hpp"
#include "temporary_folder.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;
namespace files = rankine::files;
using Values = std::vector<double>;

constexpr const char* kM3Header = "id,period,type,frequency,horizon,n,split,values\n";

/// The sentence with which reading `text` as `name` is refused.
std::string refusal(const std::string& name, std::string_view text, const ReadOptions& options = {}) {
  const TemporaryFolder folder;
  const auto path = folder.file(name, text);
  return thrown<rankine::InputError>([&] { read_dataset(path, options); });
}

Dataset read_text_as(const std::string& name, std::string_view text, const ReadOptions& options = {}) {
  const TemporaryFolder folder;
  return read_dataset(folder.file(name, text), options);
}

ReadOptions with(int season, int horizon) {
  ReadOptions options;
  options.season = season;
  options.horizon = horizon;
  return options;
}

TEST_CASE("The M3 format: ids, groups, periods, values") {
  const Dataset m3 = read_text_as("M3.csv", std::string(kM3Header) +
                                                "N1,YEARLY,MICRO,1,2,3,train,1.5 2 3\r\n"
                                                "N1,YEARLY,MICRO,1,2,2,test,4 5e1\r\n"
                                                "N2,MONTHLY,MICRO,12,2,2,test,9 9\n"
                                                "N2,MONTHLY,MICRO,12,2,2,train,7 8\n");
  // Rows of a series may come in either order.
  CHECK(m3.groups == std::vector<std::string>{"Yearly", "Monthly"});
  REQUIRE(m3.series.size() == 2);
  CHECK(m3.series[0].train == Values{1.5, 2, 3});
  CHECK(m3.series[0].test == Values{4, 50});
  CHECK(m3.series[1].season == 12);
  CHECK(m3.series[1].train == Values{7, 8});
  CHECK(m3.series[1].test == Values{9, 9});
}

TEST_CASE("M3: every damage is named with its line") {
  const std::string header = kM3Header;
  CHECK(contains(refusal("M3.csv", header + "N1,YEARLY,MICRO,1,2,4,train,1 2 3\n"),
                 "M3.csv, line 2: column n says 4 values but there are 3"));
  CHECK(
      contains(refusal("M3.csv", header + "N1,YEARLY,MICRO,1,2,3,train,1 2 x3\n"), "\"x3\" is not a number"));
  CHECK(contains(refusal("M3.csv", header + "N1,YEARLY,MICRO,1,2\n"), "line 2: expected 8 fields"));
  CHECK(contains(refusal("M3.csv", header + "N1,YEARLY,MICRO,1,2,3,valid,1 2 3\n"),
                 "train or test, not \"valid\""));
  CHECK(contains(refusal("M3.csv", header + "N1,YEARLY,MICRO,1,2,3,train,1 2 3\n"),
                 "series N1 has no test row"));
  CHECK(contains(refusal("M3.csv", header + "N1,YEARLY,MICRO,a,2,3,train,1 2 3\n"), "frequency"));
  CHECK(
      contains(refusal("M3.csv", header + "N1,Y,M,1,2,1,train,1\nN1,Y,M,1,2,1,train,1\n"), "two train rows"));
  CHECK(contains(refusal("M3.csv", header + "N1,Y,M,1,2,1,train,1\nN1,Y,M,1,2,1,test,1\n"),
                 "line 3: series N1 has 1 test values for a horizon of 2"));
}

TEST_CASE("M4: pairs of files, quotes, padding, period and horizon by name") {
  const TemporaryFolder folder;
  folder.file("Yearly-train.csv",
              "\"V1\",\"V2\",\"V3\",\"V4\"\n\"Y1\",\"1\",\"2\",\"3\"\n\"Y2\",\"4\",\"5\",\n");
  folder.file("Yearly-test.csv",
              "\"V1\",\"V2\",\"V3\",\"V4\",\"V5\",\"V6\",\"V7\"\n\"Y2\",1,2,3,4,5,6\n\"Y1\",6,5,4,3,2,1\n");
  const Dataset yearly = read_dataset(folder / "Yearly-train.csv");
  REQUIRE(yearly.series.size() == 2);
  CHECK(yearly.series[0].id == "Y1");
  CHECK(yearly.series[0].season == 1);
  CHECK(yearly.series[0].horizon == 6);
  CHECK(yearly.series[0].test == Values{6, 5, 4, 3, 2, 1});
  CHECK(yearly.series[1].train == Values{4, 5});
  CHECK(read_dataset(folder.path).series.size() == 2);
  CHECK(contains(thrown<rankine::InputError>([&] { read_dataset(folder / "Yearly-test.csv"); }),
                 "is the hold-out"));
}

TEST_CASE("M4: an empty field between values is a missing value and fails that series only") {
  const TemporaryFolder folder;
  folder.file("Yearly-train.csv", "V1,V2,V3,V4\nY1,1,,3\n");
  folder.file("Yearly-test.csv", "V1,V2,V3,V4,V5,V6,V7\nY1,1,2,3,4,5,6\n");
  const Series series = read_dataset(folder / "Yearly-train.csv").series.at(0);
  REQUIRE(series.train.size() == 3);
  const auto models = make_models("naive");
  CHECK(fit_all(models, std::span(&series, 1))[0].failure == "training value 2 of 3 is nan");
}

TEST_CASE("M4: files that do not fit together are named") {
  const TemporaryFolder folder;
  const auto train = folder.file("Yearly-train.csv", "V1,V2,V3\nY1,1,2\n");
  const auto read = [&] { return thrown<rankine::InputError>([&] { read_dataset(train); }); };
  CHECK(contains(read(), "Yearly-test.csv: No such file"));
  folder.file("Yearly-test.csv", "V1,V2,V3,V4,V5,V6,V7\nY9,1,2,3,4,5,6\n");
  CHECK(contains(read(), "series Y9 is not in Yearly-train.csv"));
  folder.file("Yearly-test.csv", "V1,V2,V3,V4,V5,V6,V7\nY1,1,2,3,4,5,\n");
  CHECK(contains(read(), "needs 6 test values once, found 5"));
  folder.file("Yearly-test.csv", "V1,V2,V3,V4,V5,V6,V7\n");
  CHECK(contains(read(), "series Y1 of Yearly-train.csv is missing"));
  folder.file("Yearly-train.csv", "V1,V2,V3\nY1,1\n");
  CHECK(contains(read(), "line 2: 2 fields, the header has 3"));
  folder.file("Yearly-train.csv", "id,V2,V3\nY1,1,2\n");
  CHECK(contains(read(), "not an M4 file"));
  const auto odd = folder.file("Minutely-train.csv", "V1,V2\nX,1\n");
  CHECK(contains(thrown<rankine::InputError>([&] { read_dataset(odd); }), "give the season and the horizon"));
  CHECK(contains(thrown<rankine::InputError>([&] { read_dataset(folder / "none-here"); }), "cannot open"));
}

TEST_CASE("Long CSV: rows in any order, columns by name, the last values held out") {
  ReadOptions options = with(1, 2);
  options.id_column = "Sensor";
  const Dataset data =
      read_text_as("x.csv",
                   "time,unit,sensor,value\n"
                   "3,m,a,30\n1,m,a,10\n2,m,b,200\n2,m,a,20\n1,m,b,100\n3,m,b,300\n4,m,a,40\n",
                   options);
  REQUIRE(data.series.size() == 2);
  CHECK(data.series[0].id == "a");
  CHECK(data.series[0].train == Values{10, 20});
  CHECK(data.series[0].test == Values{30, 40});
  CHECK(data.series[1].train == Values{100});
  CHECK(data.series[1].defect.empty());
}

TEST_CASE("Long CSV: dates by day, month and second, leap days and months of unequal length") {
  const std::string header = "id,time,value\n";
  const auto defect = [&](const std::string& rows) {
    return read_text_as("x.csv", header + rows, with(1, 1)).series.at(0).defect;
  };
  CHECK(defect("a,2024-02-28,1\na,2024-02-29,2\na,2024-03-01,3\n").empty());
  CHECK(contains(defect("a,2023-02-27,1\na,2023-02-28,2\na,2023-03-02,3\na,2023-03-03,3\n"), "gap"));
  CHECK(defect("a,2024-01-31,1\na,2024-02-29,2\na,2024-03-31,3\na,2024-04-30,4\n").empty());
  CHECK(defect("a,2023-11,1\na,2023-12,2\na,2024-01,3\n").empty());
  CHECK(contains(defect("a,2023-11,1\na,2023-12,2\na,2024-01,2\na,2024-03,3\n"), "2 times the usual"));
  CHECK(defect("a,2024-01-01T23:00:00Z,1\na,2024-01-02 00:00,2\na,2024-01-02T01:00:00.0,3\n").empty());
}

TEST_CASE("Long CSV: gaps, repeated times and too few values are defects, the rest is read") {
  const Dataset data = read_text_as("x.csv",
                                    "id,time,value\n"
                                    "gap,1,1\ngap,2,1\ngap,4,1\ngap,5,1\n"
                                    "twice,1,1\ntwice,2,1\ntwice,2,1\n"
                                    "brief,1,1\n"
                                    "hole,1,5\nhole,2,NA\nhole,3,6\n"
                                    "good,1,1\ngood,2,2\ngood,3,3\n",
                                    with(1, 1));
  REQUIRE(data.series.size() == 5);
  CHECK(data.series[0].defect ==
        "has a gap: the step from line 3 to line 4 of x.csv is 2 times the usual one");
  CHECK(data.series[1].defect == "has two values for one time (x.csv, lines 7 and 8)");
  CHECK(data.series[2].defect == "has 1 values, a horizon of 1 leaves none to fit");
  CHECK(data.series[3].defect.empty());
  CHECK(std::isnan(data.series[3].train[1]));
  CHECK(data.series[4].train == Values{1, 2});
}

TEST_CASE("Long CSV: every damage is named with its line and remedy") {
  const std::string header = "id,time,value\n";
  CHECK(contains(refusal("x.csv", header + "a,1,1\n"), "give both"));
  CHECK(contains(refusal("x.csv", header + "a,1,1\n", with(12, 0)), "neither season nor horizon"));
  CHECK(
      contains(refusal("x.csv", "id,when,value\na,1,1\n", with(1, 1)), "x.csv, line 1: no column \"time\""));
  CHECK(contains(refusal("x.csv", header + "a,1,1\na,2,two\n", with(1, 1)),
                 "line 3: value \"two\" is not a number"));
  CHECK(contains(refusal("x.csv", header + "a,today,1\n", with(1, 1)), "time \"today\" is neither"));
  CHECK(contains(refusal("x.csv", header + "a,2023-02-29,1\n", with(1, 1)), "2023-02-29"));
  CHECK(contains(refusal("x.csv", header + "a,1,1\na,2023-02-28,1\n", with(1, 1)), "not of the same form"));
  CHECK(contains(refusal("x.csv", header + "a,1\n", with(1, 1)), "line 2: 2 fields, the header has 3"));
  CHECK(contains(refusal("x.csv", header, with(1, 1)), "no rows"));
  CHECK(contains(refusal("x.csv", header + ",1,1\n", with(1, 1)), "the id is empty"));
  CHECK(contains(refusal("x.csv", "\n \n", with(1, 1)), "only blanks"));
  CHECK(contains(refusal("x.csv", "unique_id,ds,y\na,1,1\n", with(1, 1)), "called by --id-column"));
  CHECK(contains(refusal("x.csv", "id;time;value\na;1;1\n", with(1, 1)), "separated by commas"));
}

TEST_CASE(
    "CSV as Excel writes it has a byte-order mark, which counts for nothing; UTF-16 and gzip are named") {
  const std::string mark = "\xef\xbb\xbf";
  const Dataset data = read_text_as("x.csv", mark + "id,time,value\na,1,1\na,2,2\na,3,3\n", with(1, 1));
  CHECK(data.series.at(0).train == Values{1, 2});
  CHECK(read_text_as("x.csv",
                     mark + kM3Header + "A,YEARLY,MICRO,1,1,2,train,1 2\nA,YEARLY,MICRO,1,1,1,test,3\n")
            .series.size() == 1);
  CHECK(contains(refusal("x.csv", std::string("\xff\xfei\0d\0", 6), with(1, 1)), "x.csv is UTF-16 text"));
  CHECK(contains(refusal("x.csv.gz", "\x1f\x8b\x08garbage", with(1, 1)), "is compressed; unpack it first"));
}

TEST_CASE("A path that holds nothing readable is named") {
  CHECK(contains(refusal("x.csv", ""), "x.csv is empty"));
  const TemporaryFolder folder;
  CHECK(contains(thrown<rankine::InputError>([&] { read_dataset(folder / "no.csv"); }),
                 "No such file or directory"));
  CHECK(
      contains(thrown<rankine::InputError>([&] { read_dataset(folder.path); }), "holds no file *-train.csv"));
  CHECK(contains(thrown<rankine::InputError>([&] { read_dataset("/dev/null"); }), "a pipe or a device"));
  CHECK(contains(refusal("x.bin", std::string("\0\1\2\3garbage", 11)), "no column \"id\""));
  CHECK(contains(refusal("x.h5", "\x89HDF\r\n\x1a\nbroken"), "is not a readable HDF5 file"));
}

TEST_CASE("Another season or horizon cuts the series anew") {
  const TemporaryFolder folder;
  const auto path = folder.file(
      "M3.csv", std::string(kM3Header) + "N1,YEARLY,M,1,2,3,train,1 2 3\nN1,YEARLY,M,1,2,2,test,4 5\n");
  const Series series = read_dataset(path, with(4, 1)).series.at(0);
  CHECK(series.season == 4);
  CHECK(series.horizon == 1);
  CHECK(series.train == Values{1, 2, 3, 4});
  CHECK(series.test == Values{5});
  CHECK(contains(read_dataset(path, with(0, 5)).series.at(0).defect, "leaves none to fit"));
}

TEST_CASE("HDF5: what was written is read, with overrides") {
  const TemporaryFolder folder;
  Dataset data;
  data.groups = {"A", "B"};
  data.series = {{"x", "A", 4, 2, {1, 2, 3}, {4, 5}, ""}, {"longer name", "B", 4, 2, {6, 7}, {8, 9}, ""}};
  write_dataset_hdf5(folder / "data.h5", data);
  const Dataset back = read_dataset(folder / "data.h5");
  REQUIRE(back.series.size() == 2);
  CHECK(back.groups == data.groups);
  CHECK(back.series[0].train == data.series[0].train);
  CHECK(back.series[1].id == "longer name");
  CHECK(back.series[1].test == data.series[1].test);
  CHECK(back.series[1].season == 4);
  CHECK(read_dataset(folder / "data.h5", with(1, 1)).series[0].train == Values{1, 2, 3, 4});
}

TEST_CASE("HDF5: wrong layouts are named") {
  const TemporaryFolder folder;
  const auto refused = [&](const Values& values, const std::vector<std::int64_t>& offsets, bool attributes) {
    {
      files::Hdf5Writer file(folder / "x.h5");
      const std::vector<std::string> ids{"a", "b"};
      file.write("ids", ids);
      file.write("offsets", offsets);
      if (!values.empty()) file.write("values", values);
      if (attributes) file.attribute("/", "season", std::int64_t{1});
      if (attributes) file.attribute("/", "horizon", std::int64_t{1});
      file.close();
    }
    return thrown<rankine::InputError>([&] { read_dataset(folder / "x.h5"); });
  };
  CHECK(contains(refused({1, 2, 3, 4}, {0, 2}, true), "2 ids need 3 offsets, found 2"));
  CHECK(contains(refused({1, 2, 3, 4}, {0, 2, 5}, true), "they run from 0 to 5"));
  CHECK(contains(refused({1, 2, 3, 4}, {0, 5, 4}, true), "smaller than the one before"));
  CHECK(contains(refused({}, {0, 2, 4}, true), "no dataset \"values\""));
  CHECK(contains(refused({1, 2, 3, 4}, {0, 2, 4}, false), "no attributes season and horizon"));
  Dataset mixed;
  mixed.series = {{"x", "A", 4, 2, {1, 2, 3}, {4, 5}, ""}, {"y", "A", 1, 2, {1}, {2, 3}, ""}};
  CHECK(contains(thrown<rankine::InputError>([&] { write_dataset_hdf5(folder / "y.h5", mixed); }),
                 "differ in season"));
}

TEST_CASE("HDF5: a file cut short anywhere, or with wrong bytes, is refused by name or read") {
  const TemporaryFolder folder;
  Dataset data;
  data.groups = {"A"};
  for (int k = 0; k < 20; ++k) {
    data.series.push_back({"series " + std::to_string(k), "A", 4, 2, Values(50, k + 1.0), {4, 5}, ""});
  }
  write_dataset_hdf5(folder / "whole.h5", data);
  std::ifstream whole(folder / "whole.h5", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(whole), {});
  const auto path = folder / "damaged.h5";
  const auto said = [&](const std::string& damaged) -> std::string {
    std::ofstream(path, std::ios::binary) << damaged;
    try {
      read_dataset(path);
      return {};
    } catch (const rankine::Error& error) {
      return error.what();
    }
  };
  for (std::size_t size = 0; size < bytes.size(); size += bytes.size() / 23) {
    INFO("cut at " << size << " of " << bytes.size());
    CHECK(contains(said(bytes.substr(0, size)), path.string()));
  }
  CHECK(contains(said("\x89HDF\r\n\x1a\n" + std::string(bytes.size(), 'x')), path.string()));
  CHECK(said(bytes).empty());
}

TEST_CASE("CSV: quotes without an end, NUL bytes, huge lines and binary rubbish are refused by line") {
  CHECK(contains(refusal("x.csv", "id,time,value\n\"a,1,2\n", with(1, 1)), "x.csv, line 2: "));
  CHECK(contains(refusal("x.csv", std::string("id,time,value\n\0,\0,\0\n", 20), with(1, 1)),
                 "x.csv, line 2: "));
  const std::string huge(std::size_t{3} << 20, '9');
  CHECK(contains(refusal("x.csv", "id,time,value\na,1," + huge + "\n", with(1, 1)), "x.csv, line 2: "));
  std::string rubbish(100'000, '\0');
  for (std::size_t i = 0; i < rubbish.size(); ++i) rubbish[i] = static_cast<char>(i * 2654435761u >> 13);
  const std::string sentence = refusal("x.csv", rubbish, with(1, 1));
  CHECK(contains(sentence, "x.csv, line 1: "));
  CHECK(sentence.size() < 500);
  for (const char c : refusal("x.csv", std::string(kM3Header) + "\x01\x1b[31m,A,B,1,1,1,train,1\n")) {
    CHECK(static_cast<unsigned char>(c) >= ' ');
  }
}

}  // namespace
