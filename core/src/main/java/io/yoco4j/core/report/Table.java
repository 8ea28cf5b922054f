package io.yoco4j.core.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A table in Markdown, its columns aligned so that it reads well in a terminal too. */
public final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    /** A table with one column for each heading. */
    public Table(String... header) {
        rows.add(List.of(header));
    }

    /** Adds a row. */
    public Table row(String... cells) {
        return row(List.of(cells));
    }

    /** Adds a row. */
    public Table row(List<String> cells) {
        rows.add(List.copyOf(cells));
        return this;
    }

    @Override
    public String toString() {
        int columns = rows.getFirst().size();
        List<Integer> widths = new ArrayList<>(Collections.nCopies(columns, 3));
        for (List<String> row : rows) {
            for (int c = 0; c < columns; c++) {
                widths.set(c, Math.max(widths.get(c), row.get(c).length()));
            }
        }
        StringBuilder out = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            for (int c = 0; c < columns; c++) {
                String cell = rows.get(r).get(c);
                String space = " ".repeat(widths.get(c) - cell.length());
                // The first column holds names, the others numbers.
                out.append("| ").append(c == 0 ? cell + space : space + cell).append(' ');
            }
            out.append("|\n");
            if (r == 0) {
                for (int c = 0; c < columns; c++) {
                    out.append("| ")
                            .append("-".repeat(widths.get(c) - 1))
                            .append(c == 0 ? "-" : ":")
                            .append(' ');
                }
                out.append("|\n");
            }
        }
        return out.toString();
    }
}
