package io.yoco4j.chat;

import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.lib.fn.MacroFunction;
import com.hubspot.jinjava.tree.Node;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The definition of a macro, which jinjava calls by its name. */
final class MacroNode extends TemplateNode {
    private final String name;
    private final Map<String, String> parameters;
    private final List<TemplateNode> body;

    /** @param parameters by name, each with the expression of its default, which may be empty */
    MacroNode(int line, String name, Map<String, String> parameters, List<TemplateNode> body) {
        super("macro", line);
        this.name = name;
        this.parameters = new LinkedHashMap<>(parameters);
        this.body = List.copyOf(body);
    }

    @Override
    void write(Rendering rendering, StringBuilder out) {
        LinkedHashMap<String, @Nullable Object> defaults = new LinkedHashMap<>();
        parameters.forEach((parameter, otherwise) ->
                defaults.put(parameter, otherwise.isEmpty() ? null : rendering.value(otherwise, getLineNumber())));
        rendering
                .getContext()
                .addGlobalMacro(new Macro(List.copyOf(body), name, defaults, rendering.getContext(), getLineNumber()));
    }

    /** A macro whose arguments hide variables around it though they be none. */
    private static final class Macro extends MacroFunction {

        Macro(List<Node> body, String name, LinkedHashMap<String, @Nullable Object> defaults, Context scope, int line) {
            super(body, name, defaults, false, scope, line, 0);
        }

        @Override
        public Object doEvaluate(
                Map<String, @Nullable Object> arguments,
                Map<String, @Nullable Object> named,
                List<@Nullable Object> others) {
            arguments.replaceAll((_, value) -> Rendering.kept(value));
            return super.doEvaluate(arguments, named, others);
        }
    }
}
