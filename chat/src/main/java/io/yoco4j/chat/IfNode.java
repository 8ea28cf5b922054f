package io.yoco4j.chat;

import java.util.List;

/** The first branch whose condition is true. */
final class IfNode extends TemplateNode {

    /**
     * A branch.
     *
     * @param condition an expression; empty for {@code else}
     * @param line of the condition
     * @param body what it runs
     */
    record Branch(String condition, int line, List<TemplateNode> body) {}

    private final List<Branch> branches;

    IfNode(int line, List<Branch> branches) {
        super("if", line);
        this.branches = List.copyOf(branches);
    }

    @Override
    void write(Rendering rendering, StringBuilder out) {
        for (Branch branch : branches) {
            if (branch.condition.isEmpty() || PythonValues.truth(rendering.value(branch.condition, branch.line))) {
                writeAll(branch.body, rendering, out);
                return;
            }
        }
    }
}
