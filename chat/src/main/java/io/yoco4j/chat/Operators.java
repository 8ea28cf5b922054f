package io.yoco4j.chat;

import java.util.ArrayList;
import java.util.List;
import jinjava.de.odysseus.el.misc.NumberOperations;
import jinjava.de.odysseus.el.tree.Bindings;
import jinjava.de.odysseus.el.tree.impl.ast.AstBinary;
import jinjava.de.odysseus.el.tree.impl.ast.AstNode;
import jinjava.javax.el.ELContext;
import org.jspecify.annotations.Nullable;

/** Operators whose result is another one in Jinja than in jinjava. */
final class Operators {

    private Operators() {}

    static @Nullable Object in(Rendering rendering, @Nullable Object item, @Nullable Object container) {
        return rendering.values().contains(container, item);
    }

    static @Nullable Object notIn(Rendering rendering, @Nullable Object item, @Nullable Object container) {
        return !rendering.values().contains(container, item);
    }

    static @Nullable Object concat(Rendering rendering, @Nullable Object left, @Nullable Object right) {
        PythonValues values = rendering.values();
        return values.joined(values.text(left), values.text(right));
    }

    /** The first operand where it is false, else the second. */
    static @Nullable Object and(Bindings bindings, ELContext context, AstNode left, AstNode right) {
        Object first = left.eval(bindings, context);
        return PythonValues.truth(first) ? right.eval(bindings, context) : first;
    }

    static Object equal(Bindings bindings, ELContext context, AstNode left, AstNode right) {
        return Rendering.current().values().equal(left.eval(bindings, context), right.eval(bindings, context));
    }

    static Object unequal(Bindings bindings, ELContext context, AstNode left, AstNode right) {
        return !(boolean) equal(bindings, context, left, right);
    }

    /** How two values compare. */
    interface Order {
        boolean of(Bindings bindings, @Nullable Object left, @Nullable Object right);
    }

    /** A comparison, which looks at each character of two strings at most. */
    static AstBinary.Operator ordered(Order order) {
        return (bindings, context, left, right) -> {
            Object a = left.eval(bindings, context);
            Object b = right.eval(bindings, context);
            if (a instanceof String s && b instanceof String t) {
                Rendering.current().work().take(Math.min(s.length(), t.length()));
            }
            return order.of(bindings, a, b);
        };
    }

    /** A sum of numbers, strings or lists; what is not defined is none of these, and nothing is converted. */
    static Object add(Bindings bindings, ELContext context, AstNode left, AstNode right) {
        Rendering rendering = Rendering.current();
        Object a = left.eval(bindings, context);
        Object b = right.eval(bindings, context);
        if (a instanceof String s && b instanceof String t) {
            return rendering.values().joined(s, t);
        }
        if (a instanceof Number && b instanceof Number) {
            return NumberOperations.add(bindings, a, b);
        }
        if (a instanceof List<?> k && b instanceof List<?> l) {
            rendering.work().take((long) k.size() + l.size());
            List<@Nullable Object> all = new ArrayList<>(k);
            all.addAll(l);
            return all;
        }
        throw new TemplateException("+ cannot add " + kind(b) + " to " + kind(a));
    }

    private static String kind(@Nullable Object value) {
        return switch (value) {
            case null -> "what is not defined";
            case String _ -> "a string";
            case Boolean _ -> "true or false";
            case Number _ -> "a number";
            case List<?> _ -> "a list";
            default -> "a mapping";
        };
    }
}
