// A program of somebody else's: it loads a built-in model and draws one box, so that every library behind Headway is linked.
// SPDX-License-Identifier: Apache-2.0
#include <headway/headway.hpp>

#include <iostream>

int main() {
    const headway::Model model = headway::load_model("example:induction");
    const std::string picture = headway::render("digraph { a }", headway::Picture::Svg);
    std::cout << "headway " << headway::version() << ": " << model.config().n_layers << " layers"
              << (picture.find("<svg") == std::string::npos ? ", no picture" : ", a picture") << "\n";
}
