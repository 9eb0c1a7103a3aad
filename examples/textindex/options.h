// What the command line asks for.
#pragma once

#include <string>
#include <vector>

namespace textindex {

struct options {
  std::vector<std::string> directories = {};  // filled in by parse_options
  std::vector<std::string> extensions = {};   // without dot; an empty one: names without extension
  bool serial = false;
  int top = 20;
  std::string lines_of = {};  // a word; empty: none
  int workers = 0;  // of each kind; 0: the pipeline decides
};

// Does not return if the command line is wrong (exit status 2) or asks for help (0).
options parse_options(int argc, char** argv);

}  // namespace textindex
