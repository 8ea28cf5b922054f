package io.yoco4j.eval.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes small Parquet files as the format's description on parquet.apache.org has them: texts, numbers, lists and structs,
 * all of which may be missing, in plain pages, one for each column of a row group.
 */
public final class SmallParquet {
    private static final String MAGIC = "PAR1";
    private static final int PLAIN = 0;
    private static final int RLE = 3;
    private static final int OPTIONAL = 1;
    private static final int REPEATED = 2;
    private static final int CONVERTED_TEXT = 0;
    private static final int CONVERTED_LIST = 3;
    private static final int LOGICAL_TEXT = 1;
    private static final int LOGICAL_LIST = 3;

    private final List<Field> fields;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final List<ThriftStruct> groups = new ArrayList<>();
    private int rows;

    /** What a field holds; the number is the format's physical type, where it has one. */
    private enum Kind {
        INT32(1),
        INT64(2),
        TEXT(6),
        LIST(-1),
        STRUCT(-1);

        private final int physical;

        Kind(int physical) {
            this.physical = physical;
        }
    }

    /** A named field; a list has its element as its only child. */
    public static final class Field {
        private final String name;
        private final Kind kind;
        private final List<Field> children;

        private Field(String name, Kind kind, List<Field> children) {
            this.name = name;
            this.kind = kind;
            this.children = children;
        }

        public static Field text(String name) {
            return new Field(name, Kind.TEXT, List.of());
        }

        public static Field int32(String name) {
            return new Field(name, Kind.INT32, List.of());
        }

        public static Field int64(String name) {
            return new Field(name, Kind.INT64, List.of());
        }

        public static Field texts(String name) {
            return new Field(name, Kind.LIST, List.of(text("element")));
        }

        public static Field struct(String name, Field... children) {
            return new Field(name, Kind.STRUCT, List.of(children));
        }
    }

    /** A leaf of the schema and its values so far. */
    private static final class Column {
        private final Kind kind;
        private final List<String> path;
        private final int maxRepetition;
        private final int maxDefinition;
        private final List<Integer> repetitions = new ArrayList<>();
        private final List<Integer> definitions = new ArrayList<>();
        private final ByteArrayOutputStream values = new ByteArrayOutputStream();

        Column(Kind kind, List<String> path, int maxRepetition, int maxDefinition) {
            this.kind = kind;
            this.path = path;
            this.maxRepetition = maxRepetition;
            this.maxDefinition = maxDefinition;
        }

        /** Levels of one value, and the value where there is one. */
        void add(int repetition, int definition, @Nullable Object value) {
            repetitions.add(repetition);
            definitions.add(definition);
            if (value instanceof String text) {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                values.writeBytes(little(bytes.length, Integer.BYTES));
                values.writeBytes(bytes);
            } else if (value instanceof Number number) {
                values.writeBytes(little(number.longValue(), kind == Kind.INT32 ? Integer.BYTES : Long.BYTES));
            }
        }

        byte[] page() {
            ByteArrayOutputStream page = new ByteArrayOutputStream();
            levels(page, repetitions, maxRepetition);
            levels(page, definitions, maxDefinition);
            page.writeBytes(values.toByteArray());
            return page.toByteArray();
        }

        /** Runs of one level each; a column that has one level alone has no list of them. */
        private static void levels(ByteArrayOutputStream page, List<Integer> levels, int max) {
            if (max == 0) {
                return;
            }
            page.writeBytes(little(2L * levels.size(), Integer.BYTES));
            for (int level : levels) {
                page.write(1 << 1);
                page.write(level);
            }
        }
    }

    public SmallParquet(Field... fields) {
        this.fields = List.of(fields);
        out.writeBytes(MAGIC.getBytes(StandardCharsets.US_ASCII));
    }

    /** Adds a row group. Values are by name: texts, numbers, lists and maps; a name that is left out has none. */
    public SmallParquet group(List<Map<String, Object>> records) {
        List<Column> columns = new ArrayList<>();
        fields.forEach(f -> columns(f, List.of(), 0, 0, columns));
        for (Map<String, Object> record : records) {
            int first = 0;
            for (Field f : fields) {
                first = shred(f, record.get(f.name), new Levels(0, 0, 0), columns, first);
            }
        }
        int begin = out.size();
        List<ThriftStruct> chunks = columns.stream().map(c -> chunk(c)).toList();
        groups.add(new ThriftStruct()
                .structList(1, chunks)
                .i64(2, out.size() - begin)
                .i64(3, records.size()));
        rows += records.size();
        return this;
    }

    public Path write(Path file) throws IOException {
        List<ThriftStruct> schema = new ArrayList<>();
        schema.add(new ThriftStruct().text(4, "schema").i32(5, fields.size()));
        fields.forEach(f -> schema(f, schema));
        byte[] footer = new ThriftStruct()
                .i32(1, 1)
                .structList(2, schema)
                .i64(3, rows)
                .structList(4, groups)
                .bytes();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(out.toByteArray());
        all.writeBytes(footer);
        all.writeBytes(little(footer.length, Integer.BYTES));
        all.writeBytes(MAGIC.getBytes(StandardCharsets.US_ASCII));
        return Files.write(file, all.toByteArray());
    }

    /** A list is a group with a repeated group with the element, by the format's own rule. */
    private static void schema(Field f, List<ThriftStruct> schema) {
        switch (f.kind) {
            case INT32, INT64 ->
                schema.add(new ThriftStruct()
                        .i32(1, f.kind.physical)
                        .i32(3, OPTIONAL)
                        .text(4, f.name));
            case TEXT ->
                schema.add(new ThriftStruct()
                        .i32(1, f.kind.physical)
                        .i32(3, OPTIONAL)
                        .text(4, f.name)
                        .i32(6, CONVERTED_TEXT)
                        .struct(10, new ThriftStruct().struct(LOGICAL_TEXT, new ThriftStruct())));
            case LIST -> {
                schema.add(new ThriftStruct()
                        .i32(3, OPTIONAL)
                        .text(4, f.name)
                        .i32(5, 1)
                        .i32(6, CONVERTED_LIST)
                        .struct(10, new ThriftStruct().struct(LOGICAL_LIST, new ThriftStruct())));
                schema.add(new ThriftStruct().i32(3, REPEATED).text(4, "list").i32(5, 1));
            }
            case STRUCT ->
                schema.add(new ThriftStruct().i32(3, OPTIONAL).text(4, f.name).i32(5, f.children.size()));
        }
        f.children.forEach(c -> schema(c, schema));
    }

    private static void columns(Field f, List<String> parents, int repetition, int definition, List<Column> columns) {
        List<String> path = new ArrayList<>(parents);
        path.add(f.name);
        int r = repetition;
        int d = definition + 1;
        if (f.kind == Kind.LIST) {
            path.add("list");
            r++;
            d++;
        }
        if (f.children.isEmpty()) {
            columns.add(new Column(f.kind, path, r, d));
        }
        for (Field c : f.children) {
            columns(c, path, r, d, columns);
        }
    }

    /**
     * Where a value stands.
     *
     * @param repetition of the value itself
     * @param depth lists that it is in
     */
    private record Levels(int repetition, int definition, int depth) {
        Levels defined() {
            return new Levels(repetition, definition + 1, depth);
        }
    }

    /** Spreads a value over the columns of its field, which begin at {@code first}; returns where the next field's do. */
    private static int shred(Field f, @Nullable Object value, Levels at, List<Column> columns, int first) {
        if (f.children.isEmpty()) {
            columns.get(first).add(at.repetition, at.definition + (value == null ? 0 : 1), value);
            return first + 1;
        }
        if (f.kind == Kind.STRUCT) {
            int next = first;
            for (Field c : f.children) {
                Object inner = value == null ? null : ((Map<?, ?>) value).get(c.name);
                next = value == null ? none(c, at, columns, next) : shred(c, inner, at.defined(), columns, next);
            }
            return next;
        }
        Field element = f.children.getFirst();
        if (value == null || ((List<?>) value).isEmpty()) {
            return none(element, value == null ? at : at.defined(), columns, first);
        }
        int next = first;
        int repetition = at.repetition;
        for (Object each : (List<?>) value) {
            next = shred(element, each, new Levels(repetition, at.definition + 2, at.depth + 1), columns, first);
            repetition = at.depth + 1;
        }
        return next;
    }

    /** A field of a parent that is missing or empty. */
    private static int none(Field f, Levels at, List<Column> columns, int first) {
        if (f.children.isEmpty()) {
            columns.get(first).add(at.repetition, at.definition, null);
            return first + 1;
        }
        int next = first;
        for (Field c : f.children) {
            next = none(c, at, columns, next);
        }
        return next;
    }

    private ThriftStruct chunk(Column c) {
        byte[] page = c.page();
        int values = c.definitions.size();
        int at = out.size();
        ThriftStruct data =
                new ThriftStruct().i32(1, values).i32(2, PLAIN).i32(3, RLE).i32(4, RLE);
        out.writeBytes(new ThriftStruct()
                .i32(1, 0)
                .i32(2, page.length)
                .i32(3, page.length)
                .struct(5, data)
                .bytes());
        out.writeBytes(page);
        long size = (long) out.size() - at;
        ThriftStruct meta = new ThriftStruct()
                .i32(1, c.kind.physical)
                .i32List(2, List.of(PLAIN, RLE))
                .textList(3, c.path)
                .i32(4, 0)
                .i64(5, values)
                .i64(6, size)
                .i64(7, size)
                .i64(9, at);
        return new ThriftStruct().i64(2, at).struct(3, meta);
    }

    private static byte[] little(long value, int bytes) {
        byte[] eight = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
        return Arrays.copyOf(eight, bytes);
    }
}
