package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Path patterns over '/'-separated relative paths: {@code *} and {@code ?} within a segment, {@code **} over segments
 * ({@code **}{@code /x} also matches {@code x} itself), {@code {a,b}} alternatives.
 */
final class Globs {
    private final List<Pattern> patterns = new ArrayList<>();

    private Globs(List<String> globs) {
        for (String glob : globs) {
            patterns.add(Pattern.compile(regex(glob)));
        }
    }

    /** Globs separated by commas; commas in braces belong to their glob. */
    static Globs parse(String list) {
        List<String> globs = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i <= list.length(); i++) {
            char c = i == list.length() ? ',' : list.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (c == ',' && (depth == 0 || i == list.length())) {
                globs.add(list.substring(start, i).strip());
                start = i + 1;
            }
        }
        if (globs.stream().anyMatch(String::isEmpty)) {
            throw new InvalidInputException(
                    "the glob list \"" + list + "\" has an empty entry: remove the stray comma");
        }
        return new Globs(globs);
    }

    /** Files with one of {@code extensions} (without dot) anywhere below. */
    static Globs ofExtensions(List<String> extensions) {
        return new Globs(List.of("**/*.{" + String.join(",", extensions) + "}"));
    }

    boolean matches(String path) {
        for (Pattern p : patterns) {
            if (p.matcher(path).matches()) {
                return true;
            }
        }
        return false;
    }

    private static String regex(String glob) {
        StringBuilder regex = new StringBuilder();
        boolean braces = false;
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            boolean segmentStart = i == 0 || glob.charAt(i - 1) == '/';
            if (c == '*' && glob.startsWith("**/", i) && segmentStart) {
                regex.append("(?:[^/]+/)*");
                i += 2;
            } else if (c == '*' && glob.startsWith("**", i)) {
                regex.append(".*");
                i++;
            } else if (c == '*') {
                regex.append("[^/]*");
            } else if (c == '?') {
                regex.append("[^/]");
            } else if (c == '{' && !braces) {
                braces = true;
                regex.append("(?:");
            } else if (c == '}' && braces) {
                braces = false;
                regex.append(')');
            } else if (c == ',' && braces) {
                regex.append('|');
            } else {
                regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        if (braces) {
            throw new InvalidInputException("the glob \"" + glob + "\" has an open brace: add the missing }");
        }
        return regex.toString();
    }
}
