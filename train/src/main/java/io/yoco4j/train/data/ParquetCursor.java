package io.yoco4j.train.data;

import dev.hardwood.InputFile;
import dev.hardwood.metadata.PhysicalType;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.schema.ColumnProjection;
import dev.hardwood.schema.ColumnSchema;
import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The column {@code text} of a Parquet file, a document per row; rows without text are passed over. */
final class ParquetCursor implements Cursor {
    private static final String COLUMN = "text";

    private final Path file;
    private final String name;
    private final Skips skips;
    private final ParquetFileReader reader;
    private final RowReader rows;
    private long row;

    private ParquetCursor(Path file, String name, Skips skips, ParquetFileReader reader, RowReader rows) {
        this.file = file;
        this.name = name;
        this.skips = skips;
        this.reader = reader;
        this.rows = rows;
    }

    // The library reports a broken file by any of several unchecked exceptions.
    static Cursor open(Path file, String name, Skips skips) throws IOException {
        ParquetFileReader reader;
        try {
            reader = ParquetFileReader.open(new Bounded(InputFile.of(file)));
        } catch (RuntimeException | IOException e) {
            throw broken(file, e);
        }
        try {
            checkColumn(file, reader);
            RowReader rows = reader.buildRowReader()
                    .projection(ColumnProjection.columns(COLUMN))
                    .build();
            return new ParquetCursor(file, name, skips, reader, rows);
        } catch (InvalidInputException e) {
            reader.close();
            throw e;
        } catch (RuntimeException e) {
            reader.close();
            throw broken(file, e);
        }
    }

    private static void checkColumn(Path file, ParquetFileReader reader) {
        var columns = reader.getFileSchema().getColumns();
        for (ColumnSchema c : columns) {
            if (c.fieldPath().toString().equals(COLUMN) && c.maxRepetitionLevel() == 0) {
                if (c.type() != PhysicalType.BYTE_ARRAY) {
                    throw new InvalidInputException(
                            file + ": column \"text\" has type " + c.type() + ", but must hold strings");
                }
                return;
            }
        }
        throw new InvalidInputException(file + " has no column \"text\" (its columns: "
                + String.join(
                        ", ",
                        columns.stream().map(c -> c.fieldPath().toString()).toList())
                + "): rename the column that holds the texts");
    }

    @Override
    public @Nullable Document next() throws IOException {
        try {
            while (rows.hasNext()) {
                rows.next();
                row++;
                String text = rows.isNull(COLUMN) ? null : rows.getString(COLUMN);
                if (text == null) {
                    skips.empty();
                } else if (TextDecoding.oversized(text)) {
                    skips.oversized();
                } else if (text.indexOf('\0') >= 0) {
                    skips.binary();
                } else {
                    return new Document(name + "#" + row, text);
                }
            }
            return null;
        } catch (RuntimeException e) {
            throw broken(file, e);
        }
    }

    private static InvalidInputException broken(Path file, Exception e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return new InvalidInputException(
                file + " cannot be read as a Parquet file (" + message + "): fetch or write it again", e);
    }

    /**
     * The library reads on without end, in ranges of no bytes, when a page's header declares more than its column holds:
     * this ends it.
     */
    private static final class Bounded implements InputFile {
        private static final int MAX_EMPTY_READS = 1000;

        private final InputFile file;
        private final AtomicInteger emptyReads = new AtomicInteger();

        Bounded(InputFile file) {
            this.file = file;
        }

        @Override
        public void open() throws IOException {
            file.open();
        }

        @Override
        public ByteBuffer readRange(long offset, int length) throws IOException {
            if (length > 0) {
                emptyReads.set(0);
            } else if (emptyReads.incrementAndGet() > MAX_EMPTY_READS) {
                throw new IOException("a page runs past the end of its column");
            }
            return file.readRange(offset, length);
        }

        @Override
        public long length() throws IOException {
            return file.length();
        }

        @Override
        public String name() {
            return file.name();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    @Override
    public void close() throws IOException {
        try (reader) {
            rows.close();
        }
    }
}
