package io.yoco4j.train.data;

/**
 * One text of a corpus.
 *
 * @param id where it comes from, for messages: a path, a path within an archive, a file and line
 * @param text the text, never empty in what a source gives
 */
public record Document(String id, String text) {}
