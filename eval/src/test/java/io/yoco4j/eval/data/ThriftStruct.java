package io.yoco4j.eval.data;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A struct in Thrift's compact protocol; fields are added in ascending order. */
final class ThriftStruct {
    private static final int I32 = 5;
    private static final int I64 = 6;
    private static final int BINARY = 8;
    private static final int LIST = 9;
    private static final int STRUCT = 12;
    /** Longer lists have their size in a number of its own. */
    private static final int SHORT_LIST = 14;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int last;

    ThriftStruct i32(int id, int value) {
        field(id, I32);
        varint(zigzag(value));
        return this;
    }

    ThriftStruct i64(int id, long value) {
        field(id, I64);
        varint(zigzag(value));
        return this;
    }

    ThriftStruct text(int id, String value) {
        field(id, BINARY);
        string(value);
        return this;
    }

    ThriftStruct struct(int id, ThriftStruct value) {
        field(id, STRUCT);
        out.writeBytes(value.bytes());
        return this;
    }

    ThriftStruct i32List(int id, List<Integer> values) {
        list(id, I32, values.size());
        values.forEach(v -> varint(zigzag(v)));
        return this;
    }

    ThriftStruct textList(int id, List<String> values) {
        list(id, BINARY, values.size());
        values.forEach(this::string);
        return this;
    }

    ThriftStruct structList(int id, List<ThriftStruct> values) {
        list(id, STRUCT, values.size());
        values.forEach(v -> out.writeBytes(v.bytes()));
        return this;
    }

    byte[] bytes() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(out.toByteArray());
        all.write(0);
        return all.toByteArray();
    }

    private void field(int id, int type) {
        out.write(((id - last) << 4) | type);
        last = id;
    }

    private void list(int id, int type, int size) {
        field(id, LIST);
        if (size <= SHORT_LIST) {
            out.write((size << 4) | type);
        } else {
            out.write(0xF0 | type);
            varint(size);
        }
    }

    private void string(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        varint(bytes.length);
        out.writeBytes(bytes);
    }

    private static long zigzag(long value) {
        return (value << 1) ^ (value >> 63);
    }

    private void varint(long value) {
        long v = value;
        while ((v & ~0x7FL) != 0) {
            out.write((int) ((v & 0x7F) | 0x80));
            v >>>= 7;
        }
        out.write((int) v);
    }
}
