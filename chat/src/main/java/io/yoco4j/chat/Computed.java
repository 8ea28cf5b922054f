package io.yoco4j.chat;

import com.hubspot.jinjava.el.ext.AstDict;
import java.util.LinkedHashMap;
import java.util.Map;
import jinjava.de.odysseus.el.tree.Bindings;
import jinjava.de.odysseus.el.tree.impl.ast.AstNode;
import jinjava.de.odysseus.el.tree.impl.ast.AstRightValue;
import jinjava.javax.el.ELContext;
import org.jspecify.annotations.Nullable;

/** A node of an expression: what a rule makes of the values of its children. */
final class Computed extends AstRightValue {

    /** From the children's values. */
    interface Rule {
        @Nullable
        Object apply(Rendering rendering, @Nullable Object[] values);
    }

    /** From one value. */
    interface Single {
        @Nullable
        Object apply(Rendering rendering, @Nullable Object value);
    }

    /** From two values. */
    interface Pair {
        @Nullable
        Object apply(Rendering rendering, @Nullable Object left, @Nullable Object right);
    }

    private final Rule rule;
    private final AstNode[] children;

    Computed(Rule rule, AstNode... children) {
        this.rule = rule;
        this.children = children;
    }

    static Computed of(Single rule, AstNode child) {
        return new Computed((r, values) -> rule.apply(r, values[0]), child);
    }

    static Computed of(Pair rule, AstNode left, AstNode right) {
        return new Computed((r, values) -> rule.apply(r, values[0], values[1]), left, right);
    }

    @Override
    public @Nullable Object eval(Bindings bindings, ELContext context) {
        @Nullable Object[] values = new Object[children.length];
        for (int i = 0; i < children.length; i++) {
            values[i] = children[i].eval(bindings, context);
        }
        return rule.apply(Rendering.current(), values);
    }

    @Override
    public void appendStructure(StringBuilder builder, Bindings bindings) {
        builder.append(this);
    }

    @Override
    public int getCardinality() {
        return children.length;
    }

    @Override
    public AstNode getChild(int i) {
        return children[i];
    }

    /** A literal mapping, whose keys are strings or numbers. */
    static final class Dict extends AstDict {

        Dict(Map<AstNode, AstNode> entries) {
            super(entries);
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            Rendering rendering = Rendering.current();
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            dict.forEach((key, value) -> {
                Object name = key.eval(bindings, context);
                if (!(name instanceof String || name instanceof Number)) {
                    throw new TemplateException("the key of a mapping must be a string or a number");
                }
                map.put(rendering.values().text(name), value.eval(bindings, context));
            });
            rendering.work().take(map.size());
            return map;
        }
    }
}
