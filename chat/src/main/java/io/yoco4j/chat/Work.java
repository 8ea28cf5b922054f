package io.yoco4j.chat;

/**
 * How much a template may do: a unit for each node it runs, each item it looks at and each character it makes. Templates
 * come with downloaded models, and nothing else ends one that does not end. Not thread-safe: each rendering has its own.
 */
final class Work {
    private final long limit;
    private long left;

    Work(long limit) {
        this.limit = limit;
        left = limit;
    }

    /** Takes what looking for a part in a string costs at most: strings are compared many characters at a time. */
    void takeSearch(String s, String part) {
        take((1L + s.length()) * (1 + part.length() / 16));
    }

    /**
     * Takes units away.
     *
     * @throws TemplateException when there are not as many
     */
    void take(long units) {
        left -= units;
        if (left < 0) {
            throw new TemplateException("the template does more than " + limit
                    + " steps for these messages: it may be one that never ends, so check it");
        }
    }
}
