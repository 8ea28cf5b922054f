package io.yoco4j.chat;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.tree.Node;
import com.hubspot.jinjava.tree.output.OutputNode;
import com.hubspot.jinjava.tree.output.RenderedOutputNode;
import com.hubspot.jinjava.tree.parse.DefaultTokenScannerSymbols;
import com.hubspot.jinjava.tree.parse.TextToken;
import java.util.List;

/** A part of a template that can be run; it never changes, so threads may share it. */
abstract class TemplateNode extends Node {

    TemplateNode(String image, int line) {
        super(new TextToken(image, line, 0, new DefaultTokenScannerSymbols()), line, 0);
    }

    /** Runs it, and adds what it writes. */
    abstract void write(Rendering rendering, StringBuilder out);

    /** Runs nodes in turn, until one jumps. */
    static void writeAll(List<TemplateNode> nodes, Rendering rendering, StringBuilder out) {
        for (TemplateNode node : nodes) {
            rendering.work().take(1);
            rendering.setLineNumber(node.getLineNumber());
            node.write(rendering, out);
            if (rendering.jump() != Rendering.Jump.NONE) {
                return;
            }
        }
    }

    /** For jinjava's macros. */
    @Override
    public OutputNode render(JinjavaInterpreter interpreter) {
        StringBuilder out = new StringBuilder();
        writeAll(List.of(this), (Rendering) interpreter, out);
        return new RenderedOutputNode(out.toString());
    }

    @Override
    public String getName() {
        return getClass().getSimpleName();
    }

    /** What stands between tags. */
    static final class Text extends TemplateNode {
        Text(String text, int line) {
            super(text, line);
        }

        @Override
        void write(Rendering rendering, StringBuilder out) {
            String text = getMaster().getImage();
            rendering.work().take(text.length());
            out.append(text);
        }
    }

    /** An expression in double braces. */
    static final class Output extends TemplateNode {
        Output(String expression, int line) {
            super(expression, line);
        }

        @Override
        void write(Rendering rendering, StringBuilder out) {
            String text = rendering.values().text(rendering.value(getMaster().getImage(), getLineNumber()));
            rendering.work().take(text.length());
            out.append(text);
        }
    }

    /** {@code break} or {@code continue}. */
    static final class Jumping extends TemplateNode {
        private final Rendering.Jump jump;

        Jumping(Rendering.Jump jump, int line) {
            super(jump.name(), line);
            this.jump = jump;
        }

        @Override
        void write(Rendering rendering, StringBuilder out) {
            rendering.jump(jump);
        }
    }
}
