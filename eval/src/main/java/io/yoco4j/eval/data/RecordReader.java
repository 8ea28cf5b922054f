package io.yoco4j.eval.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import io.yoco4j.core.InvalidInputException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reads evaluation files by their endings: {@code .jsonl}, {@code .csv} with a line of names, {@code .parquet}. */
public final class RecordReader {
    /** Endings that are read. */
    public static final List<String> ENDINGS = List.of(".jsonl", ".csv", ".parquet");

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Some editors begin UTF-8 files with one. */
    private static final String BYTE_ORDER_MARK = "\ufeff";

    private RecordReader() {}

    /**
     * All records of a file, in order.
     *
     * @throws InvalidInputException naming the file and the line, when the file is missing, has no record, or is no file of its
     *     kind
     */
    public static List<EvalRecord> read(Path file) {
        return read(file, List.of());
    }

    /**
     * The same, where a CSV file may lack its line of names.
     *
     * @param columns what its columns are then: where its first row has not the first of these; none to insist on the line
     */
    public static List<EvalRecord> read(Path file, List<String> columns) {
        if (!Files.isRegularFile(file)) {
            throw new InvalidInputException(file + " is missing or not a file: name an evaluation file");
        }
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        List<EvalRecord> records;
        try {
            if (name.endsWith(".jsonl")) {
                records = jsonLines(file);
            } else if (name.endsWith(".csv")) {
                records = csv(file, columns);
            } else if (name.endsWith(".parquet")) {
                records = ParquetRecords.read(file);
            } else {
                throw new InvalidInputException(file + " ends in none of " + String.join(", ", ENDINGS)
                        + ": convert it to one of them, or rename it");
            }
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(file + " is not UTF-8: convert it", e);
        } catch (IOException e) {
            throw new InvalidInputException(file + " could not be read: " + e.getMessage(), e);
        }
        if (records.isEmpty()) {
            throw new InvalidInputException(file + " has no record: an evaluation needs at least one");
        }
        return records;
    }

    private static List<EvalRecord> jsonLines(Path file) throws IOException {
        List<EvalRecord> records = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            int number = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (number == 1 && line.startsWith(BYTE_ORDER_MARK)) {
                    line = line.substring(1);
                }
                if (!line.isBlank()) {
                    records.add(record(line, file + " line " + number));
                }
            }
        }
        return records;
    }

    private static EvalRecord record(String line, String place) {
        JsonNode node;
        try {
            node = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(
                    place + " is not a JSON object: " + e.getOriginalMessage() + "; mend or remove the line", e);
        }
        if (!(node instanceof ObjectNode object)) {
            throw new InvalidInputException(place + " is not a JSON object: mend or remove the line");
        }
        return new EvalRecord(object, place);
    }

    private static List<EvalRecord> csv(Path file, List<String> columns) throws IOException {
        List<EvalRecord> records = new ArrayList<>();
        CsvMapper mapper = CsvMapper.builder()
                .enable(CsvParser.Feature.FAIL_ON_MISSING_COLUMNS)
                .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
                .build();
        try (BufferedReader reader = Files.newBufferedReader(file);
                MappingIterator<Map<String, String>> rows = mapper.readerForMapOf(String.class)
                        .with(schema(file, columns))
                        .readValues(reader)) {
            // Values may have line breaks, so rows are counted, not lines.
            while (true) {
                String place = file + " row " + (records.size() + 1);
                ObjectNode fields = JSON.createObjectNode();
                try {
                    if (!rows.hasNextValue()) {
                        return records;
                    }
                    rows.nextValue().forEach(fields::put);
                } catch (JsonProcessingException e) {
                    throw new InvalidInputException(
                            place + " is not a row of a CSV file: " + e.getOriginalMessage() + "; mend or remove it",
                            e);
                }
                records.add(new EvalRecord(fields, place));
            }
        }
    }

    private static CsvSchema schema(Path file, List<String> columns) throws IOException {
        if (columns.isEmpty() || firstRow(file).contains(columns.getFirst())) {
            return CsvSchema.emptySchema().withHeader();
        }
        CsvSchema.Builder schema = CsvSchema.builder();
        columns.forEach(schema::addColumn);
        return schema.build();
    }

    private static List<String> firstRow(Path file) throws IOException {
        CsvMapper mapper = CsvMapper.builder()
                .enable(CsvParser.Feature.WRAP_AS_ARRAY)
                .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
                .build();
        try (BufferedReader reader = Files.newBufferedReader(file);
                MappingIterator<List<String>> rows =
                        mapper.readerForListOf(String.class).readValues(reader)) {
            return rows.hasNextValue() ? rows.nextValue() : List.of();
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(
                    file + " row 1 is not a row of a CSV file: " + e.getOriginalMessage() + "; mend or remove it", e);
        }
    }
}
