package io.yoco4j.chat;

import com.hubspot.jinjava.objects.Namespace;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An assignment, of a value or of what a block writes. */
final class SetNode extends TemplateNode {
    /** The variable that holds what a block wrote, for its filters. */
    private static final String BLOCK = "__block__";

    private final List<String> targets;
    private final String expression;
    private final Optional<List<TemplateNode>> block;

    private SetNode(int line, List<String> targets, String expression, Optional<List<TemplateNode>> block) {
        super("set", line);
        this.targets = List.copyOf(targets);
        this.expression = expression;
        this.block = block.map(List::copyOf);
    }

    /** Of an expression's value; of its parts where there are several targets. */
    static SetNode of(int line, List<String> targets, String expression) {
        return new SetNode(line, targets, expression, Optional.empty());
    }

    /** Of what a block writes, through filters where there are any. */
    static SetNode ofBlock(int line, String target, String filters, List<TemplateNode> block) {
        return new SetNode(line, List.of(target), filtered(filters), Optional.of(block));
    }

    /** The expression that applies filters, which begin with a bar, to a block. */
    static String filtered(String filters) {
        return BLOCK + filters;
    }

    @Override
    void write(Rendering rendering, StringBuilder out) {
        Object value =
                block.isPresent() ? written(block.get(), rendering) : rendering.value(expression, getLineNumber());
        if (targets.size() == 1) {
            assign(targets.getFirst(), value, rendering);
            return;
        }
        List<@Nullable Object> parts = rendering.values().items(value);
        if (parts.size() != targets.size()) {
            throw new TemplateException("set has " + targets.size() + " names and " + parts.size() + " values");
        }
        for (int i = 0; i < parts.size(); i++) {
            assign(targets.get(i), parts.get(i), rendering);
        }
    }

    private @Nullable Object written(List<TemplateNode> nodes, Rendering rendering) {
        StringBuilder text = new StringBuilder();
        rendering.enterScope();
        try {
            writeAll(nodes, rendering, text);
            rendering.set(BLOCK, text.toString());
            return rendering.value(expression, getLineNumber());
        } finally {
            rendering.leaveScope();
        }
    }

    private static void assign(String target, @Nullable Object value, Rendering rendering) {
        int dot = target.indexOf('.');
        if (dot < 0) {
            rendering.set(target, value);
        } else if (rendering.getContext().get(target.substring(0, dot)) instanceof Namespace namespace) {
            namespace.put(target.substring(dot + 1), value);
        } else {
            throw new TemplateException(target.substring(0, dot) + " is no namespace, so nothing in it can be set");
        }
    }
}
