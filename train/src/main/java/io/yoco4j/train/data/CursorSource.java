package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A source given by a function that opens a cursor over its documents. */
final class CursorSource implements DocumentSource {
    /** Opens the source; what it passes over goes to {@code skips}. */
    @FunctionalInterface
    interface Opener {
        Cursor open(Skips skips) throws IOException;
    }

    private final String name;
    private final String description;
    private final String hint;
    private final Opener opener;

    /** @param hint what to do when the source turns out empty */
    CursorSource(String name, String description, String hint, Opener opener) {
        this.name = name;
        this.description = description;
        this.hint = hint;
        this.opener = opener;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Stream<Document> documents() {
        Skips skips = new Skips(name);
        Cursor cursor;
        try {
            cursor = opener.open(skips);
        } catch (IOException e) {
            throw failed(e);
        }
        var documents =
                new Spliterators.AbstractSpliterator<Document>(
                        Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL) {
                    private boolean any;

                    @Override
                    public boolean tryAdvance(Consumer<? super Document> action) {
                        try {
                            Document d = cursor.next();
                            while (d != null && d.text().isEmpty()) {
                                skips.empty();
                                d = cursor.next();
                            }
                            if (d != null) {
                                any = true;
                                action.accept(d);
                                return true;
                            }
                        } catch (IOException e) {
                            throw failed(e);
                        }
                        if (!any) {
                            throw new InvalidInputException("source " + name + " holds no document"
                                    + skips.summary(" (passed over: ", ")") + ": " + hint);
                        }
                        return false;
                    }
                };
        return StreamSupport.stream(documents, false).onClose(() -> {
            skips.log();
            try {
                cursor.close();
            } catch (IOException e) {
                throw failed(e);
            }
        });
    }

    private UncheckedIOException failed(IOException e) {
        return new UncheckedIOException("source " + name + " cannot be read: " + Cursor.reason(e), e);
    }
}
