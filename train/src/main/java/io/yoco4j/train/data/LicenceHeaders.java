package io.yoco4j.train.data;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Removes what a corpus of source code repeats: a licence header after its first occurrence, and documents that equal
 * an earlier one but for their licence header. A header is the leading block comment, or the leading run of {@code //}
 * or {@code #} lines, that speaks of licence or copyright; two headers are the same when they differ only in years and
 * white space. A first line {@code #!} or {@code <?xml} stays. What is kept depends on the order of the documents. Not thread-safe; 16 to 32 bytes of memory per
 * document (64-bit hashes: among 10 million documents the chance that any is lost to a collision is 3 in a million).
 */
public final class LicenceHeaders {
    // Headers come first in a file: a longer comment is documentation or a file that is all comment.
    private static final int MAX_HEADER = 32 << 10;
    private static final Pattern LEGAL = Pattern.compile("licen[sc]e|copyright", Pattern.CASE_INSENSITIVE);
    private static final Pattern FOLDED = Pattern.compile("\\s*\\d+(?:\\s*[,-]\\s*\\d+)*\\s*|\\s+");

    private final HashedSet headers = new HashedSet();
    private final HashedSet bodies = new HashedSet();
    private long stripped;
    private long duplicates;

    /**
     * A document as the corpus keeps it.
     *
     * @param contentHash of the text without its licence header: the same whatever came before
     */
    record Kept(Document document, long contentHash) {}

    /** {@code document} without a header seen before; empty when an earlier document had the same content. */
    public Optional<Document> apply(Document document) {
        return keep(document).map(Kept::document);
    }

    Optional<Kept> keep(Document document) {
        String text = document.text();
        int start = start(text);
        int end = headerEnd(text, start);
        boolean legal = end > start && LEGAL.matcher(text).region(start, end).find();
        String body = legal ? text.substring(0, start) + text.substring(end).stripLeading() : text;
        if (body.isBlank()) {
            // Nothing but a header: it counts as content.
            legal = false;
            body = text;
        }
        long hash = contentHash(body);
        if (!bodies.add(hash)) {
            duplicates++;
            return Optional.empty();
        }
        if (legal) {
            String folded =
                    FOLDED.matcher(text.substring(start, end)).replaceAll(" ").strip();
            if (!headers.add(contentHash(folded))) {
                stripped++;
                return Optional.of(new Kept(new Document(document.id(), body), hash));
            }
        }
        return Optional.of(new Kept(document, hash));
    }

    static long contentHash(String text) {
        return HashedSet.hash(text.getBytes(StandardCharsets.UTF_8));
    }

    /** How many headers were removed. */
    public long stripped() {
        return stripped;
    }

    /** How many documents were dropped as duplicates. */
    public long duplicates() {
        return duplicates;
    }

    /** Past the line that must stay the first. */
    private static int start(String text) {
        if (!text.startsWith("#!") && !text.startsWith("<?xml")) {
            return 0;
        }
        return text.indexOf('\n') + 1;
    }

    /** Where the comment at {@code start} ends, or {@code start} when there is none. */
    private static int headerEnd(String text, int start) {
        int at = start;
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        int end = at;
        if (text.startsWith("/*", at)) {
            end = after(text, "*/", at + 2);
        } else if (text.startsWith("<!--", at)) {
            end = after(text, "-->", at + 4);
        } else {
            String mark = text.startsWith("//", at) ? "//" : "#";
            while (text.startsWith(mark, end)) {
                int line = text.indexOf('\n', end);
                end = line < 0 ? text.length() : line + 1;
            }
        }
        return end <= at || end - at > MAX_HEADER ? start : end;
    }

    private static int after(String text, String mark, int from) {
        int found = text.indexOf(mark, from);
        return found < 0 ? -1 : found + mark.length();
    }
}
