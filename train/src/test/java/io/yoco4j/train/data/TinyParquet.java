package io.yoco4j.train.data;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.xerial.snappy.Snappy;

/**
 * Writes a Parquet file of one optional string column in one data page: the format's description on
 * parquet.apache.org, with the Thrift compact protocol for its metadata.
 */
final class TinyParquet {
    enum Codec {
        UNCOMPRESSED(0),
        SNAPPY(1),
        GZIP(2),
        ZSTD(6);

        private final int id;

        /** @param id the number in the format */
        Codec(int id) {
            this.id = id;
        }

        byte[] compress(byte[] bytes) throws IOException {
            return switch (this) {
                case UNCOMPRESSED -> bytes;
                case SNAPPY -> Snappy.compress(bytes);
                case ZSTD -> Zstd.compress(bytes);
                case GZIP -> {
                    var out = new ByteArrayOutputStream();
                    try (var gzip = new GZIPOutputStream(out)) {
                        gzip.write(bytes);
                    }
                    yield out.toByteArray();
                }
            };
        }
    }

    private static final int BYTE_ARRAY = 6;
    private static final int RLE = 3;

    private TinyParquet() {}

    static void write(Path file, String column, List<Optional<String>> rows, Codec codec) throws IOException {
        byte[] page = page(rows);
        byte[] packed = codec.compress(page);
        Thrift header = new Thrift();
        header.i32(1, 0).i32(2, page.length).i32(3, packed.length);
        header.struct(5, new Thrift().i32(1, rows.size()).i32(2, 0).i32(3, RLE).i32(4, RLE));
        byte[] head = header.bytes();
        long size = (long) head.length + packed.length;

        Thrift meta = new Thrift()
                .i32(1, BYTE_ARRAY)
                .i32List(2, 0, RLE)
                .textList(3, column)
                .i32(4, codec.id)
                .i64(5, rows.size())
                .i64(6, (long) head.length + page.length)
                .i64(7, size)
                .i64(9, 4);
        Thrift chunk = new Thrift().i64(2, 4).struct(3, meta);
        Thrift group = new Thrift().structList(1, chunk).i64(2, size).i64(3, rows.size());
        Thrift root = new Thrift().text(4, "schema").i32(5, 1);
        Thrift leaf = new Thrift().i32(1, BYTE_ARRAY).i32(3, 1).text(4, column).i32(6, 0);
        byte[] footer = new Thrift()
                .i32(1, 1)
                .structList(2, root, leaf)
                .i64(3, rows.size())
                .structList(4, group)
                .bytes();

        var out = new ByteArrayOutputStream();
        out.writeBytes("PAR1".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(head);
        out.writeBytes(packed);
        out.writeBytes(footer);
        out.writeBytes(int32(footer.length));
        out.writeBytes("PAR1".getBytes(StandardCharsets.US_ASCII));
        Files.write(file, out.toByteArray());
    }

    /** Definition levels as RLE runs of one, then the values that are there. */
    private static byte[] page(List<Optional<String>> rows) {
        var levels = new ByteArrayOutputStream();
        var values = new ByteArrayOutputStream();
        for (Optional<String> row : rows) {
            levels.write(1 << 1);
            levels.write(row.isPresent() ? 1 : 0);
            row.map(r -> r.getBytes(StandardCharsets.UTF_8)).ifPresent(r -> {
                values.writeBytes(int32(r.length));
                values.writeBytes(r);
            });
        }
        var page = new ByteArrayOutputStream();
        page.writeBytes(int32(levels.size()));
        page.writeBytes(levels.toByteArray());
        page.writeBytes(values.toByteArray());
        return page.toByteArray();
    }

    private static byte[] int32(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    /** A struct in the compact protocol; fields in ascending order. */
    private static final class Thrift {
        private static final int I32 = 5;
        private static final int I64 = 6;
        private static final int TEXT = 8;
        private static final int LIST = 9;
        private static final int STRUCT = 12;

        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private int last;

        private Thrift field(int id, int type) {
            out.write(((id - last) << 4) | type);
            last = id;
            return this;
        }

        private Thrift varint(long value) {
            long v = value;
            while ((v & ~0x7FL) != 0) {
                out.write((int) ((v & 0x7F) | 0x80));
                v >>>= 7;
            }
            out.write((int) v);
            return this;
        }

        private Thrift zigzag(long value) {
            return varint((value << 1) ^ (value >> 63));
        }

        private Thrift string(String value) {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            varint(bytes.length);
            out.writeBytes(bytes);
            return this;
        }

        Thrift i32(int id, int value) {
            return field(id, I32).zigzag(value);
        }

        Thrift i64(int id, long value) {
            return field(id, I64).zigzag(value);
        }

        Thrift text(int id, String value) {
            return field(id, TEXT).string(value);
        }

        Thrift struct(int id, Thrift value) {
            field(id, STRUCT).out.writeBytes(value.bytes());
            return this;
        }

        Thrift i32List(int id, int... values) {
            field(id, LIST).out.write((values.length << 4) | I32);
            for (int v : values) {
                zigzag(v);
            }
            return this;
        }

        Thrift textList(int id, String value) {
            field(id, LIST).out.write((1 << 4) | TEXT);
            return string(value);
        }

        Thrift structList(int id, Thrift... values) {
            field(id, LIST).out.write((values.length << 4) | STRUCT);
            for (Thrift v : values) {
                out.writeBytes(v.bytes());
            }
            return this;
        }

        byte[] bytes() {
            var all = new ByteArrayOutputStream();
            all.writeBytes(out.toByteArray());
            all.write(0);
            return all.toByteArray();
        }
    }
}
