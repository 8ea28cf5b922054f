package io.yoco4j.train.data;

import java.util.stream.Stream;

/** A corpus that can be read again and again, each time in the same order. */
public interface DocumentSource {
    /** What the user called it: a folder, a file, a Maven coordinate. */
    String name();

    /** One line for logs and reports: the kind of source and what it reads. */
    default String description() {
        return name();
    }

    /**
     * All documents, in an order that depends on the source's content alone (paths in ascending order). The stream opens
     * one file after the other and holds one document at a time; close it. Members that are no UTF-8 text, or too large,
     * are passed over and counted in the log.
     *
     * @throws io.yoco4j.core.InvalidInputException while reading, when the source is broken or holds no document at all
     * @throws java.io.UncheckedIOException while reading, when the file system fails
     */
    Stream<Document> documents();
}
