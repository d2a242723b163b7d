// SPDX-License-Identifier: Apache-2.0
#include <headway/headway.hpp>

#include <iostream>

int main() {
    std::cout << "headway " << headway::version() << " " << headway::label(headway::Head{1, 4}) << "\n";
}
