package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** One pass over documents: the next one, or null at the end. */
interface Cursor extends Closeable {
    @Nullable
    Document next() throws IOException;

    /** A cursor over at most one document. */
    static Cursor of(@Nullable Document document) {
        return new Cursor() {
            private @Nullable Document left = document;

            @Override
            public @Nullable Document next() {
                Document d = left;
                left = null;
                return d;
            }

            @Override
            public void close() {}
        };
    }

    /** The cursors that {@code members} opens, one after the other. */
    static Cursor concat(Members members, Closeable resource) {
        return new Cursor() {
            private @Nullable Cursor current;

            @Override
            public @Nullable Document next() throws IOException {
                while (true) {
                    if (current == null) {
                        current = members.open();
                        if (current == null) {
                            return null;
                        }
                    }
                    Document d = current.next();
                    if (d != null) {
                        return d;
                    }
                    current.close();
                    current = null;
                }
            }

            @Override
            public void close() throws IOException {
                try (resource) {
                    if (current != null) {
                        current.close();
                    }
                }
            }
        };
    }

    /** Opens the next member, or null after the last. */
    @FunctionalInterface
    interface Members {
        @Nullable
        Cursor open() throws IOException;
    }

    /** {@code cursor} over a file that the user named: what is wrong with its bytes is the user's mistake. */
    static Cursor named(String file, Cursor cursor) {
        return new Cursor() {
            @Override
            public @Nullable Document next() throws IOException {
                try {
                    return cursor.next();
                } catch (CharacterCodingException e) {
                    throw new InvalidInputException(
                            file + " is not UTF-8 text: convert it, or leave it out of the sources", e);
                }
            }

            @Override
            public void close() throws IOException {
                cursor.close();
            }
        };
    }

    /** What an exception of the file system says, in words: its message is often the bare path. */
    static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException n -> n.getFile() + " does not exist";
            case AccessDeniedException a -> a.getFile() + " may not be read";
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }
}
