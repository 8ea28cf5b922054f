package io.yoco4j.chat;

import com.hubspot.jinjava.el.ext.ExtendedScanner;

/** jinjava's scanner, but that strings have Python's escapes. */
final class DialectScanner extends ExtendedScanner {

    DialectScanner(String input) {
        super(input);
    }

    @Override
    protected Token nextString() throws ScanException {
        String input = getInput();
        int start = getPosition();
        char quote = input.charAt(start);
        StringBuilder text = new StringBuilder();
        int i = start + 1;
        while (i < input.length() && input.charAt(i) != quote) {
            char c = input.charAt(i++);
            if (c != '\\' || i == input.length()) {
                text.append(c);
                continue;
            }
            char escape = input.charAt(i++);
            int digits = switch (escape) {
                case 'x' -> 2;
                case 'u' -> 4;
                case 'U' -> 8;
                default -> 0;
            };
            if (digits > 0) {
                text.appendCodePoint(codePoint(input, i, digits));
                i += digits;
            } else {
                text.append(unescaped(escape));
            }
        }
        if (i >= input.length()) {
            throw new ScanException(start, "unterminated string", String.valueOf(quote));
        }
        return token(Symbol.STRING, text.toString(), i + 1 - start);
    }

    private static String unescaped(char escape) {
        return switch (escape) {
            case 'n' -> "\n";
            case 't' -> "\t";
            case 'r' -> "\r";
            case 'b' -> "\b";
            case 'f' -> "\f";
            case 'a' -> "\u0007";
            case 'v' -> "\u000b";
            case '0' -> "\0";
            case '\n' -> "";
            case '\\', '\'', '"' -> String.valueOf(escape);
            // Python leaves what it does not know as it is.
            default -> "\\" + escape;
        };
    }

    private static int codePoint(String input, int from, int digits) throws ScanException {
        try {
            int value = Integer.parseInt(input, from, from + digits, 16);
            if (Character.isValidCodePoint(value)) {
                return value;
            }
        } catch (NumberFormatException | IndexOutOfBoundsException _) {
            // Reported below, as a number that is no character is.
        }
        throw new ScanException(from, "an escape of another form", digits + " hexadecimal digits");
    }
}
