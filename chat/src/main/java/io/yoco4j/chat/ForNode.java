package io.yoco4j.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A loop. */
final class ForNode extends TemplateNode {

    /**
     * What a loop goes over.
     *
     * @param targets the variables of an item; of several, each takes its part of the item
     * @param over an expression
     * @param condition of the items that count; empty for all
     */
    record Clause(List<String> targets, String over, String condition) {}

    private final Clause clause;
    private final List<TemplateNode> body;
    private final List<TemplateNode> otherwise;

    /** @param otherwise runs where there is no item */
    ForNode(int line, Clause clause, List<TemplateNode> body, List<TemplateNode> otherwise) {
        super("for", line);
        this.clause = clause;
        this.body = List.copyOf(body);
        this.otherwise = List.copyOf(otherwise);
    }

    @Override
    void write(Rendering rendering, StringBuilder out) {
        List<@Nullable Object> all = rendering.values().items(rendering.value(clause.over(), getLineNumber()));
        List<@Nullable Object> items = clause.condition().isEmpty() ? all : kept(all, rendering);
        for (int i = 0; i < items.size() && rendering.jump() != Rendering.Jump.BREAK; i++) {
            rendering.jump(Rendering.Jump.NONE);
            rendering.work().take(8);
            // What an iteration sets, the next one does not see.
            rendering.enterScope();
            try {
                assign(items.get(i), rendering);
                rendering.set("loop", state(items, i));
                writeAll(body, rendering, out);
            } finally {
                rendering.leaveScope();
            }
        }
        rendering.jump(Rendering.Jump.NONE);
        if (items.isEmpty()) {
            writeAll(otherwise, rendering, out);
        }
    }

    private List<@Nullable Object> kept(List<@Nullable Object> items, Rendering rendering) {
        List<@Nullable Object> kept = new ArrayList<>();
        for (Object item : items) {
            rendering.work().take(8);
            rendering.enterScope();
            try {
                assign(item, rendering);
                if (PythonValues.truth(rendering.value(clause.condition(), getLineNumber()))) {
                    kept.add(item);
                }
            } finally {
                rendering.leaveScope();
            }
        }
        return kept;
    }

    private void assign(@Nullable Object item, Rendering rendering) {
        List<String> targets = clause.targets();
        if (targets.size() == 1) {
            rendering.set(targets.getFirst(), item);
            return;
        }
        if (!(item instanceof List<?> parts) || parts.size() != targets.size()) {
            throw new TemplateException(
                    "a loop over " + String.join(", ", targets) + " has an item without as many parts");
        }
        for (int i = 0; i < parts.size(); i++) {
            rendering.set(targets.get(i), parts.get(i));
        }
    }

    private static Map<String, @Nullable Object> state(List<@Nullable Object> items, int i) {
        long n = items.size();
        Map<String, @Nullable Object> loop = new LinkedHashMap<>();
        loop.put("index", i + 1L);
        loop.put("index0", (long) i);
        loop.put("revindex", n - i);
        loop.put("revindex0", n - i - 1);
        loop.put("first", i == 0);
        loop.put("last", i == n - 1);
        loop.put("length", n);
        loop.put("previtem", i > 0 ? items.get(i - 1) : null);
        loop.put("nextitem", i < n - 1 ? items.get(i + 1) : null);
        return loop;
    }
}
