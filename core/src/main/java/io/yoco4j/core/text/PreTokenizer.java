package io.yoco4j.core.text;

import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits text into the pieces that byte-level BPE merges within, in the manner of GPT-4's pattern: contractions, runs of
 * letters with one leading space or sign, digits in groups of up to three, runs of signs with the newlines after them, blank
 * lines, indentation.
 *
 * <p>The trainer splits with {@code java.util.regex}; at encode time the tokenizers library splits with Oniguruma, whose
 * Unicode tables are of another version. The pattern therefore names code points by number and uses no {@code \p}, {@code \s}
 * or case folding: what is not a space, an ASCII digit or one of {@link #SIGNS} is a letter, combining marks and all scripts
 * included.
 */
final class PreTokenizer {
    private static final String SPACES = "\\x{9}-\\x{D}\\x{20}";

    /** Control characters, punctuation, symbols, emoji; in ASCII, Latin-1, and the blocks set aside for them. */
    private static final String SIGNS = "\\x{0}-\\x{8}\\x{E}-\\x{1F}\\x{21}-\\x{2F}\\x{3A}-\\x{40}\\x{5B}-\\x{60}"
            + "\\x{7B}-\\x{A9}\\x{AB}-\\x{B4}\\x{B6}-\\x{B9}\\x{BB}-\\x{BF}\\x{D7}\\x{F7}"
            + "\\x{2000}-\\x{206F}\\x{20A0}-\\x{20CF}\\x{2190}-\\x{2BFF}\\x{2E00}-\\x{2E7F}"
            + "\\x{3000}-\\x{3003}\\x{3008}-\\x{3020}\\x{FE00}-\\x{FE1F}\\x{FE30}-\\x{FE6F}"
            + "\\x{FF00}-\\x{FF0F}\\x{FF1A}-\\x{FF20}\\x{FF3B}-\\x{FF40}\\x{FF5B}-\\x{FF65}\\x{FFE0}-\\x{FFFF}"
            + "\\x{1F000}-\\x{1FAFF}";

    private static final String LETTER = "[^" + SPACES + "\\x{30}-\\x{39}" + SIGNS + "]";

    /** The same text means the same in {@code java.util.regex} and in Oniguruma. */
    static final String PATTERN = "'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])(?!" + LETTER + ")"
            + "|[\\x{9}\\x{20}" + SIGNS + "]?" + LETTER + "+"
            + "|[0-9]{1,3}"
            + "|\\x{20}?[" + SIGNS + "]+[\\r\\n]*"
            + "|[" + SPACES + "]*[\\r\\n]+"
            + "|[" + SPACES + "]+(?![^" + SPACES + "])"
            + "|[" + SPACES + "]+";

    private static final Pattern COMPILED = Pattern.compile(PATTERN);

    private PreTokenizer() {}

    /** Gives every piece of {@code text}, in order; together they are the text. */
    static void split(String text, Consumer<String> piece) {
        Matcher matcher = COMPILED.matcher(text);
        while (matcher.find()) {
            piece.accept(matcher.group());
        }
    }
}
