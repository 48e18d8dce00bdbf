// SPDX-License-Identifier: Apache-2.0
// Tabular objectives: which columns are what, and what is wrong with a file.
#include <stdlib.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/tune/table.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

namespace table_test {

using namespace rankine::tune;

/// A file that goes with the test.
class File {
 public:
  explicit File(const std::string& text, bool compressed = false) {
    if (compressed) {
      gzFile file = gzopen(path().c_str(), "wb");
      gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
      gzclose(file);
    } else {
      std::ofstream(path()) << text;
    }
  }
  std::filesystem::path path() const { return folder_ / "table.csv"; }

 private:
  TemporaryFolder folder_;
};

Assignment row(std::int64_t index) {
  Assignment assignment;
  assignment.configuration.row = index;
  return assignment;
}

const std::string kCurves =
    "config,lr,kind,valid_0,valid_1,valid_2,valid_3,test_final\n"
    "0,0.001,adam,9,3,2,1,0\n"
    "1,0.1,sgd,9,4,nan,inf,0\n"
    "2,0.01,adam,9,5,4,2,0\n";
const std::string kFidelities =
    "lr,n_epochs,valid_error,test_error,train_seconds\n"
    "0,5,0.5,1,10\n0,20,0.4,1,40\n1,20,0.2,1,80\n1,5,0.3,1,20\n";

}  // namespace table_test

using namespace table_test;

TEST_CASE("columns NAME_k are learning curves; step 0 is before any training; divergence counts as a value") {
  for (const bool compressed : {false, true}) {
    const File file(kCurves, compressed);
    Table table = Table::read(file.path());
    CHECK(table.objective() == "valid");
    CHECK(table.size() == 3);
    CHECK(table.steps() == std::vector<Step>{1, 2, 3});
    REQUIRE(table.space().size() == 2);
    CHECK(table.space().dimension(0).name == "lr");
    CHECK(table.space().dimension(0).logarithmic);
    CHECK(table.space().dimension(1).kind == Kind::categorical);
    CHECK(table.space().row(1).values == std::vector<double>{0.1, 1});
    CHECK(table.values(row(0), 1) == std::vector<double>{3});
    CHECK(table.values(row(1), 2) == std::vector<double>{10});
    CHECK(table.final_value(1) == 10);
    CHECK(table.cost(row(0).configuration, 3) == 1);
    CHECK(table.cost(row(0).configuration, 1) == Approx(1.0 / 3));
    // Of 2 draws from 1, 2, 10: pairs (1,2), (1,10), (2,10).
    CHECK(table.expected_best(2) == Approx((1 + 1 + 2) / 3.0));
    CHECK(table.expected_best(3) == 1);
  }
}

TEST_CASE("a fidelity column makes curves of rows, with costs as they were") {
  const File file(kFidelities);
  Table table = Table::read(file.path());
  CHECK(table.objective() == "valid_error");
  CHECK(table.size() == 2);
  CHECK(table.steps() == std::vector<Step>{5, 20});
  CHECK(table.after(0) == 5);
  CHECK(table.after(5) == 20);
  CHECK(table.values(row(1), 5) == std::vector<double>{0.3});
  CHECK(table.cost(row(1).configuration, 20) == 80);
  TableOptions flat;
  flat.fidelity = "none";
  const Table rows = Table::read(file.path(), flat);
  CHECK(rows.size() == 4);
  CHECK(rows.space().size() == 2);
  CHECK(rows.space().dimension(1).name == "n_epochs");
}

TEST_CASE("a table drawn with replacement has rows of the first") {
  const File file(kCurves);
  const Table large = Table::read(file.path()).resampled(300, 1);
  CHECK(large.size() == 300);
  int first = 0;
  for (std::size_t k = 0; k < 300; ++k) first += large.final_value(k) == 1;
  CHECK(first > 60);
  CHECK(first < 140);
  CHECK(large.space().row_count() == 300);
}

TEST_CASE("what is wrong with a table is said with its place") {
  const auto said = [](const std::string& text, const TableOptions& options = {}) {
    const File file(text);
    try {
      Table::read(file.path(), options);
    } catch (const rankine::InputError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  CHECK_THAT(said(""), ContainsSubstring("the file is empty"));
  CHECK_THAT(said("lr,loss\n"), ContainsSubstring("there are no rows"));
  CHECK_THAT(said("lr,loss\n1\n"), ContainsSubstring("line 2: 1 fields, the header has 2"));
  CHECK_THAT(said("lr,loss\n1,x\n"), ContainsSubstring("line 2, column loss: \"x\" is no number"));
  CHECK_THAT(said("config,loss\n1,2\n"), ContainsSubstring("no column is left for the search space"));
  CHECK_THAT(said("lr,epochs,loss\n1,5,1\n1,5,2\n"),
             ContainsSubstring("line 3: this configuration and fidelity"));
  CHECK_THAT(said("lr,epochs,loss\n1,5,1\n1,6,2\n2,5,1\n"),
             ContainsSubstring("line 4 has 1 of the 2 values of epochs"));
  CHECK_THAT(said("lr,epochs,loss\n1,0.5,1\n"), ContainsSubstring("a fidelity of 0.5"));
  CHECK_THAT(said("lr,cost,loss\n1,-2,1\n"), ContainsSubstring("a cost of -2 cannot be"));
  TableOptions options;
  options.objective = "auc";
  CHECK_THAT(said("lr,loss\n1,2\n", options),
             ContainsSubstring("there is no column \"auc\"; there are: lr, loss"));
  CHECK_THROWS_WITH(Table::read("/nowhere.csv"), ContainsSubstring("cannot open /nowhere.csv"));
}
