package io.yoco4j.chat;

import static io.yoco4j.chat.TemplateFixture.messages;
import static io.yoco4j.chat.TemplateFixture.render;
import static io.yoco4j.chat.TemplateFixture.template;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a template of unknown origin cannot do. */
class TemplateBoundsTest {
    /** Two strings of 64 Ki characters each, alike and yet two. */
    private static final String TWO_ALIKE = "{% set n = namespace(s='x', t='x') %}"
            + "{% for i in range(16) %}{% set n.s = n.s + n.s %}{% set n.t = n.t + n.t %}{% endfor %}";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "''.getClass()",
                "''.class.forName('java.lang.Runtime')",
                "messages.getClass().forName('java.lang.Runtime')",
                "messages[0].getClass()",
                "''.getBytes()",
                "messages.stream()",
                "messages.add(1)",
                "messages[0].put('role', 'x')",
                "(1).getClass()",
                "[].iterator()",
                "namespace().getClass()",
                "namespace().putAll({})",
                "____int3rpr3t3r____.getContext()",
                "____int3rpr3t3r____.render('x')",
                "raise_exception.invoke()",
                "range(1)|attr('class')",
                "fn:range(1)",
                "type('')",
                "today()",
                "include('x')",
                "''|render",
                "''|log",
                "'x'|getClass",
            })
    void noJavaObjectIsReached(String expression) {
        ChatTemplate template = TemplateFixture.template(folder, "{{ " + expression + " }}");
        assertThatThrownBy(() -> template.render(messages("user", "hi"), false))
                .isInstanceOf(InvalidInputException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "''.class",
                "''['class']",
                "messages.class",
                "messages[0].class",
                "messages[0]['class']",
                "namespace().class",
                "____int3rpr3t3r____",
                "____int3rpr3t3r____.context",
                "____int3rpr3t3r____['config']",
                "__macros__",
            })
    void noPropertyOfAJavaObjectIsSeen(String expression) {
        assertThat(render(folder, "[{{ " + expression + " }}]")).isEqualTo("[]");
    }

    @Test
    void noFileIsRead() {
        TemplateFixture.write(folder, "other.jinja", "secret");
        for (String tag : new String[] {
            "include 'other.jinja'", "import 'other.jinja' as x", "from 'other.jinja' import x", "extends 'other.jinja'"
        }) {
            assertThatThrownBy(() -> template(folder, "{% " + tag + " %}"))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("has no place here");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // loops in loops
                "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
                "{% for a in range(99999999999) %}{% endfor %}",
                "{% for a in range(9999) %}{% for b in range(9999) if false %}{% endfor %}{% endfor %}",
                "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
                // strings that double
                "{% set n = namespace(s='x') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}",
                "{% set n = namespace(s='x') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
                "{% set n = namespace(s='x') %}{% for i in range(99) %}{% set n.s = [n.s, n.s]|join %}{% endfor %}",
                "{% set n = namespace(s='xx') %}{% for i in range(99) %}{% set n.s = n.s.replace('x', n.s) %}{% endfor %}",
                "{% set n = namespace(s='x') %}{% for i in range(99) %}{% set n.s %}{{ n.s }}{{ n.s }}{% endset %}{% endfor %}",
                // lists that hold themselves twice are small, their texts and comparisons are not
                "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}",
                "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l|tojson }}",
                "{% set n = namespace(l=[1], m=[1]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}"
                        + "{% set n.m = [n.m, n.m] %}{% endfor %}{{ n.l == n.m }}",
                "{% set n = namespace(l=[1], m=[1]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}"
                        + "{% set n.m = [n.m, n.m] %}{% endfor %}{{ n.l in [n.m] }}",
                "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}",
                "{% set n = namespace() %}{% set n.n = [n] %}{{ n }}",
                "{% set n = namespace() %}{% set n.n = [n] %}{{ n|tojson }}",
                // long strings, compared and searched
                TWO_ALIKE + "{% for i in range(99) %}{{ n.s == n.t }}{% endfor %}",
                TWO_ALIKE + "{% for i in range(99) %}{{ n.s <= n.t }}{% endfor %}",
                TWO_ALIKE + "{% for i in range(99) %}{{ n.s is ge n.t }}{% endfor %}",
                TWO_ALIKE + "{% for i in range(99) %}{{ n.s is lower }}{% endfor %}",
                TWO_ALIKE + "{{ n.t + 'y' in n.s + n.t }}",
                TWO_ALIKE + "{{ (n.s + n.t)|replace(n.t + 'y', '') }}",
                TWO_ALIKE + "{{ (n.s + n.t).split(n.t + 'y') }}",
                TWO_ALIKE + "{{ n.s.strip(n.t) }}",
                TWO_ALIKE + "{% for i in range(99) %}{{ n.s.startswith([n.t + 'y', n.t]) }}{% endfor %}",
                // blanks
                "{{ [[[1]]]|tojson(indent=99999999) }}{{ range(99999)|list|tojson(indent=99999999) }}",
            })
    void workIsBounded(String source) {
        ChatTemplate template = template(folder, source);
        assertThatThrownBy(() -> template.render(messages("user", "hi"), false))
                .isInstanceOf(InvalidInputException.class)
                .message()
                .containsAnyOf("does more than", "nests too deeply");
    }

    @Test
    void aListAsAKeyOrAnItemCostsNoMoreThanItIs() {
        String doubling =
                "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}";
        assertThat(render(folder, doubling + "[{{ messages[0][n.l] }}{{ messages[n.l] }}]"))
                .isEqualTo("[]");
        ChatTemplate key = template(folder, doubling + "{{ {n.l: 1} }}");
        assertThatThrownBy(() -> key.render(messages("user", "hi"), false)).hasMessageContaining("key of a mapping");
    }

    @Test
    void longConversationsAreNoWork() {
        String[] talk = new String[4000];
        for (int i = 0; i < talk.length; i += 2) {
            talk[i] = "user";
            talk[i + 1] = "word ".repeat(500);
        }
        String text = TemplateFixture.render(
                folder,
                "{% for m in messages %}{% set c = '[' + m.role + ']' + m.content|trim + '\\n' %}{{ c }}{% endfor %}",
                messages(talk),
                false);
        assertThat(text).hasSize(2000 * (6 + 2499 + 1));
    }

    @Test
    void depthIsBounded() {
        assertThatThrownBy(() -> template(folder, "{{ " + "(".repeat(100) + "1" + ")".repeat(100) + " }}"))
                .hasMessageContaining("nest deeper than");
        assertThatThrownBy(() -> template(folder, "{% if a %}".repeat(100) + "{% endif %}".repeat(100)))
                .hasMessageContaining("nest deeper than");
        assertThatThrownBy(() -> template(folder, "{{ " + "not ".repeat(60_000) + "1 }}"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("nests too deeply");
        assertThatThrownBy(() -> template(folder, "x".repeat(1 << 19))).hasMessageContaining("bytes, more than");
    }

    /** Nothing but a text or the named refusal comes out of a damaged template. */
    @Test
    void damagedTemplatesAreRefusedOrRun() {
        String source = """
                {%- set ns = namespace(a=1, b=[1, 'x']) -%}
                {% for m in messages[::-1] if m.role is string %}{{ loop.index0 ~ m['content'] | trim + '\\n' }}
                {%- elif x %}{% endfor %}{% if not ns.a == 1 and (m.x or 'y') %}{{ {'k': ns.b[0:1]} | tojson }}{% endif %}
                {%- macro f(a, b='c') -%}{{ a.split(',')[-1] }}{%- endmacro -%}{{ f('1,2', b=none) }}{# end #}
                """;
        String marks = "{}%#-+()[]'\"|.,:=~ \\\nx1";
        Random random = new Random(3);
        int rendered = 0;
        for (int i = 0; i < 1000; i++) {
            StringBuilder damaged = new StringBuilder(source.replace("{%- elif x %}", ""));
            for (int n = random.nextInt(1, 5); n > 0; n--) {
                int at = random.nextInt(damaged.length());
                String mark = String.valueOf(marks.charAt(random.nextInt(marks.length())));
                switch (random.nextInt(3)) {
                    case 0 -> damaged.deleteCharAt(at);
                    case 1 -> damaged.insert(at, mark);
                    default -> damaged.replace(at, at + 1, mark);
                }
            }
            try {
                render(folder, damaged.toString());
                rendered++;
            } catch (InvalidInputException e) {
                assertThat(e).hasMessageContaining("chat_template.jinja");
            }
        }
        assertThat(rendered).isBetween(1, 999);
    }
}
