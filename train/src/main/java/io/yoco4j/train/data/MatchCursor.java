package io.yoco4j.train.data;

import java.io.IOException;
import java.io.StringReader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a pattern finds in each document, one find a line: the first group, or the whole where the pattern has none. Long
 * results come in chunks, as a text file does.
 */
final class MatchCursor {
    private MatchCursor() {}

    /** The same documents, each as what the pattern finds in it; those without a find are passed over. */
    static Cursor of(Pattern pattern, Cursor documents) {
        return Cursor.concat(() -> chunks(pattern, documents), documents);
    }

    private static @Nullable Cursor chunks(Pattern pattern, Cursor documents) throws IOException {
        Document d = documents.next();
        if (d == null) {
            return null;
        }
        StringBuilder found = new StringBuilder();
        Matcher m = pattern.matcher(d.text());
        int group = Math.min(1, m.groupCount());
        while (m.find()) {
            if (m.group(group) != null) {
                found.append(m.group(group).strip()).append('\n');
            }
        }
        return new TextCursor(d.id(), new StringReader(found.toString()), TextCursor.chunkFor(found.length()));
    }
}
