package io.yoco4j.eval.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hardwood.InputFile;
import dev.hardwood.metadata.FileMetaData;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.row.PqList;
import dev.hardwood.row.PqStruct;
import dev.hardwood.row.StructAccessor;
import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Rows of a Parquet file: texts, numbers, lists and structs of them. Other values become their text. */
final class ParquetRecords {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private ParquetRecords() {}

    // The library reports a broken file by any of several unchecked exceptions.
    static List<EvalRecord> read(Path file) {
        List<EvalRecord> records = new ArrayList<>();
        try (ParquetFileReader reader = ParquetFileReader.open(new Bounded(InputFile.of(file)));
                RowReader rows = reader.buildRowReader().build()) {
            FileMetaData described = reader.getFileMetaData();
            if (described.schema().size() < 2) {
                throw new IllegalArgumentException("it has no column");
            }
            while (rows.hasNext()) {
                if (records.size() == described.numRows()) {
                    throw new IllegalArgumentException(
                            "it has more rows than the " + described.numRows() + " that it tells of");
                }
                rows.next();
                records.add(new EvalRecord(object(rows), file + " row " + (records.size() + 1)));
            }
        } catch (RuntimeException | IOException e) {
            String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            throw new InvalidInputException(
                    file + " cannot be read as a Parquet file (" + message + "): fetch or write it again", e);
        }
        return records;
    }

    private static ObjectNode object(StructAccessor row) {
        ObjectNode object = NODES.objectNode();
        for (int i = 0; i < row.getFieldCount(); i++) {
            object.set(row.getFieldName(i), row.isNull(i) ? NODES.nullNode() : node(row.getValue(i)));
        }
        return object;
    }

    private static JsonNode node(@Nullable Object value) {
        return switch (value) {
            case null -> NODES.nullNode();
            case PqStruct struct -> object(struct);
            case PqList list -> {
                ArrayNode array = NODES.arrayNode();
                list.values().forEach(v -> array.add(node(v)));
                yield array;
            }
            case Integer n -> NODES.numberNode(n);
            case Long n -> NODES.numberNode(n);
            case Double n -> NODES.numberNode(n);
            case Float n -> NODES.numberNode(n);
            case Boolean b -> NODES.booleanNode(b);
            case byte[] bytes -> NODES.textNode(new String(bytes, StandardCharsets.UTF_8));
            default -> NODES.textNode(value.toString());
        };
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
}
