// SVG text read back: whether it is well-formed, its words with the room they take, its attributes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/text.hpp"

#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace headway::test {

struct SvgElement {
    std::string name;
    std::map<std::string, std::string> attributes;
    std::string words;       ///< text inside it, references resolved
    double x = 0, y = 0;     ///< how far groups around it move it
    std::string parent_row;  ///< data-row of the group around it
};

inline std::string resolved(std::string text) {
    for (const auto& [reference, plain] :
         std::map<std::string, std::string>{{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}})
        for (std::size_t at = 0; (at = text.find(reference, at)) != std::string::npos; at += plain.size())
            text.replace(at, reference.size(), plain);
    return text;
}

/// Reads a file of elements and text. `error` is where it is not well-formed, or empty.
struct SvgFile {
    std::vector<SvgElement> elements;
    std::string error;

    explicit SvgFile(std::string_view text) {
        std::vector<std::size_t> open;
        std::size_t at = 0;
        while (at < text.size() && error.empty()) {
            const std::size_t tag = text.find('<', at);
            read_words(text.substr(at, tag - at), open);
            if (tag == std::string_view::npos) break;
            const std::size_t end = text.find('>', tag);
            if (end == std::string_view::npos) {
                fail("a tag without end", text.substr(tag, 40));
                return;
            }
            read_tag(text.substr(tag + 1, end - tag - 1), open);
            at = end + 1;
        }
        if (error.empty() && !open.empty()) error = "not closed: " + elements[open.back()].name;
    }

private:
    void fail(const std::string& what, std::string_view where) { error = what + ": " + std::string(where); }

    void read_words(std::string_view words, const std::vector<std::size_t>& open) {
        for (std::size_t at = words.find('&'); at != std::string_view::npos; at = words.find('&', at + 1))
            if (const std::size_t end = words.find(';', at); end == std::string_view::npos || end > at + 6)
                return fail("a bare &", words);
        if (open.empty()) {
            if (words.find_first_not_of(" \n") != std::string_view::npos) fail("words outside", words);
        } else {
            elements[open.back()].words += resolved(std::string(words));
        }
    }

    void read_tag(std::string_view tag, std::vector<std::size_t>& open) {
        if (tag.starts_with('/')) {
            if (open.empty() || elements[open.back()].name != tag.substr(1))
                return fail("closes nothing", tag);
            open.pop_back();
            return;
        }
        const bool whole = tag.ends_with('/');
        if (whole) tag.remove_suffix(1);
        SvgElement element;
        if (!open.empty()) {
            const SvgElement& parent = elements[open.back()];
            element.x = parent.x;
            element.y = parent.y;
            element.parent_row = parent.parent_row;
        }
        std::size_t at = tag.find(' ');
        element.name = tag.substr(0, at);
        while (at != std::string_view::npos && at + 1 < tag.size()) {
            const std::size_t equals = tag.find("=\"", at);
            const std::size_t end = equals == std::string_view::npos ? equals : tag.find('"', equals + 2);
            if (end == std::string_view::npos) return fail("an attribute", tag);
            const std::string name(tag.substr(at + 1, equals - at - 1));
            const std::string_view value = tag.substr(equals + 2, end - equals - 2);
            if (name.find_first_of(" <\"") != std::string::npos || element.attributes.contains(name))
                return fail("an attribute's name", tag);
            if (value.find('<') != std::string_view::npos) return fail("< in an attribute", tag);
            element.attributes[name] = resolved(std::string(value));
            at = end + 1;
        }
        if (const auto moved = element.attributes.find("transform");
            moved != element.attributes.end() && moved->second.starts_with("translate(")) {
            char* rest = nullptr;
            element.x += std::strtod(moved->second.c_str() + 10, &rest);
            element.y += std::strtod(rest, nullptr);
        }
        if (element.attributes.contains("data-row")) element.parent_row = element.attributes["data-row"];
        elements.push_back(element);
        if (!whole) open.push_back(elements.size() - 1);
    }
};

struct WordBox {
    std::string words;
    double left = 0, top = 0, right = 0, bottom = 0;
};

/// The room of every <text>: by the widths of DejaVu Sans, ascent and descent a little less than the line's.
inline std::vector<WordBox> word_boxes(const SvgFile& file) {
    std::vector<WordBox> boxes;
    for (const SvgElement& element : file.elements) {
        if (element.name != "text") continue;
        const auto get = [&](const char* name) {
            const auto at = element.attributes.find(name);
            return at == element.attributes.end() ? std::string() : at->second;
        };
        const double x = std::strtod(get("x").c_str(), nullptr), y = std::strtod(get("y").c_str(), nullptr);
        const double size = std::strtod(get("font-size").c_str(), nullptr);
        const double width = text_width(element.words, size) * (get("font-weight") == "bold" ? 1.12 : 1);
        const double before = get("text-anchor") == "middle" ? width / 2
                              : get("text-anchor") == "end"  ? width
                                                             : 0;
        const double up = 0.72 * size, down = 0.2 * size;
        WordBox box{element.words, x - before, y - up, x - before + width, y + down};
        if (get("transform").starts_with("rotate(-90"))
            box = {element.words, x - up, y + before - width, x + down, y + before};
        box.left += element.x, box.right += element.x, box.top += element.y, box.bottom += element.y;
        boxes.push_back(box);
    }
    return boxes;
}

/// Pairs of words on top of each other, and words that stand out of the picture.
inline std::vector<std::string> colliding_words(const SvgFile& file) {
    std::vector<std::string> found;
    const std::vector<WordBox> boxes = word_boxes(file);
    const double width = std::strtod(file.elements.front().attributes.at("width").c_str(), nullptr);
    const double height = std::strtod(file.elements.front().attributes.at("height").c_str(), nullptr);
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        const WordBox& a = boxes[i];
        if (a.left < 0 || a.top < 0 || a.right > width || a.bottom > height)
            found.push_back("\"" + a.words + "\" stands out of the picture");
        for (std::size_t j = i + 1; j < boxes.size(); ++j) {
            const WordBox& b = boxes[j];
            if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
                found.push_back("\"" + a.words + "\" and \"" + b.words + "\"");
        }
    }
    return found;
}

}  // namespace headway::test
