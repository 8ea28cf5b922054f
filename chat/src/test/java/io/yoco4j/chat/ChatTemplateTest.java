package io.yoco4j.chat;

import static io.yoco4j.chat.TemplateFixture.messages;
import static io.yoco4j.chat.TemplateFixture.template;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Templates in the manner of published ones, each with the text that they come to by hand. */
class ChatTemplateTest {
    private static final List<ChatMessage> TALK =
            messages("system", " Be brief. ", "user", "Hi", "assistant", "Hello", "user", "Bye");

    @TempDir
    Path folder;

    @Test
    void chatMl() {
        ChatTemplate template = template(folder, """
                {% for message in messages %}
                {{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
                {%- endfor %}
                {% if add_generation_prompt %}
                {{ '<|im_start|>assistant\\n' }}
                {%- endif %}
                """);
        String text = """
                <|im_start|>user
                Hi<|im_end|>
                <|im_start|>assistant
                Hello<|im_end|>
                """;
        List<ChatMessage> talk = messages("user", "Hi", "assistant", "Hello");
        assertThat(template.render(talk, false)).isEqualTo(text);
        assertThat(template.render(talk, true)).isEqualTo(text + "<|im_start|>assistant\n");
    }

    @Test
    void llama2() {
        String source = """
                {% if messages[0]['role'] == 'system' %}
                    {% set talk = messages[1:] %}
                    {% set instructions = messages[0]['content'] %}
                {% else %}
                    {% set talk = messages %}
                    {% set instructions = false %}
                {% endif %}
                {% for message in talk %}
                    {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
                        {{ raise_exception('roles must alternate: user, assistant, user') }}
                    {% endif %}
                    {% if loop.index0 == 0 and instructions != false %}
                        {% set content = '<<SYS>>\\n' + instructions.strip() + '\\n<</SYS>>\\n\\n' + message['content'] %}
                    {% else %}
                        {% set content = message['content'] %}
                    {% endif %}
                    {% if message['role'] == 'user' %}
                        {{- bos_token + '[INST] ' + content | trim + ' [/INST]' -}}
                    {% elif message['role'] == 'assistant' %}
                        {{- ' ' + content | trim + ' ' + eos_token -}}
                    {% endif %}
                {% endfor %}
                """;
        ChatTemplate template = template(folder, source);
        assertThat(template.render(TALK, true))
                .isEqualTo("<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] Bye [/INST]");
        assertThatThrownBy(() -> template.render(messages("user", "a", "user", "b"), true))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(folder.resolve("chat_template.jinja")
                        + ": the template refuses these messages: roles must alternate: user, assistant, user");
    }

    @Test
    void llama3() {
        ChatTemplate template = template(folder, """
                {{- bos_token }}
                {%- if not date_string is defined %}
                    {%- set date_string = strftime_now("%d %b %Y") %}
                {%- endif %}
                {%- if messages[0]['role'] == 'system' %}
                    {%- set system = messages[0]['content'] | trim %}
                    {%- set messages = messages[1:] %}
                {%- else %}
                    {%- set system = "" %}
                {%- endif %}
                {{- "<|h|>system<|/h|>\\n\\nToday Date: " + date_string + "\\n\\n" + system + "<|eot|>" }}
                {%- for message in messages %}
                    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
                        {{- '<|h|>' ~ message['role'] ~ '<|/h|>\\n\\n' ~ message['content'] | trim ~ '<|eot|>' }}
                    {%- endif %}
                {%- endfor %}
                {%- if add_generation_prompt %}
                    {{- '<|h|>assistant<|/h|>\\n\\n' }}
                {%- endif %}
                """);
        assertThat(template.render(messages("system", "Be kind", "user", " Hi ", "tool", "left out"), true))
                .isEqualTo("<s><|h|>system<|/h|>\n\nToday Date: 04 Mar 2025\n\nBe kind<|eot|>"
                        + "<|h|>user<|/h|>\n\nHi<|eot|><|h|>assistant<|/h|>\n\n");
        assertThat(template.render(messages("user", "Hi"), false))
                .isEqualTo("<s><|h|>system<|/h|>\n\nToday Date: 04 Mar 2025\n\n<|eot|><|h|>user<|/h|>\n\nHi<|eot|>");
    }

    @Test
    void mistral() {
        ChatTemplate template = template(folder, """
                {%- if messages[0]["role"] == "system" %}
                    {%- set system_message = messages[0]["content"] %}
                    {%- set talk = messages[1:] %}
                {%- else %}
                    {%- set talk = messages %}
                {%- endif %}
                {%- set asked = talk | selectattr("role", "equalto", "user") | list %}
                {%- set ns = namespace() %}
                {%- set ns.index = 0 %}
                {%- for message in talk %}
                    {%- if not (message.tool_calls is defined and message.tool_calls is not none) %}
                        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
                            {{- raise_exception("out of turn: " + message["role"]) }}
                        {%- endif %}
                        {%- set ns.index = ns.index + 1 %}
                    {%- endif %}
                {%- endfor %}
                {{- bos_token }}
                {%- for message in talk %}
                    {%- if message["role"] == "user" %}
                        {%- if loop.last and system_message is defined %}
                            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
                        {%- else %}
                            {{- "[INST] " + message["content"] + "[/INST]" }}
                        {%- endif %}
                        {%- if message == asked[-1] %}<last>{% endif %}
                    {%- else %}
                        {{- " " + message["content"] | trim + eos_token }}
                    {%- endif %}
                {%- endfor %}
                """);
        assertThat(template.render(TALK, true))
                .isEqualTo("<s>[INST] Hi[/INST] Hello</s>[INST]  Be brief. \n\nBye[/INST]<last>");
        assertThatThrownBy(() -> template.render(messages("assistant", "I first"), true))
                .hasMessageEndingWith("the template refuses these messages: out of turn: assistant");
    }

    @Test
    void qwen3() {
        ChatTemplate template = template(folder, """
                {%- set ns = namespace(searching=true, last=messages|length - 1) %}
                {%- for message in messages[::-1] %}
                    {%- set index = (messages|length - 1) - loop.index0 %}
                    {%- if ns.searching and message.role == "user" and message.content is string and not(message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}
                        {%- set ns.searching = false %}
                        {%- set ns.last = index %}
                    {%- endif %}
                {%- endfor %}
                {%- for message in messages %}
                    {%- set content = message.content %}
                    {%- if message.role == "user" or (message.role == "system" and loop.first) %}
                        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
                    {%- elif message.role == "assistant" %}
                        {%- set thought = '' %}
                        {%- if '</think>' in content %}
                            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
                        {%- endif %}
                        {%- if loop.index0 > ns.last and (loop.last or thought) %}
                            {{- '<|im_start|>assistant\\n<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + content }}
                        {%- else %}
                            {{- '<|im_start|>assistant\\n' + content }}
                        {%- endif %}
                        {{- '<|im_end|>\\n' }}
                    {%- endif %}
                {%- endfor %}
                {%- if add_generation_prompt %}
                    {{- '<|im_start|>assistant\\n' }}
                    {%- if enable_thinking is defined and enable_thinking is false %}{{- 'never' }}{%- endif %}
                {%- endif %}
                """);
        String thoughtful = "<think>\nhm\n</think>\n\nHello";
        assertThat(template.render(messages("user", "Hi", "assistant", thoughtful, "user", "Bye"), true))
                .isEqualTo("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n"
                        + "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n");
        assertThat(template.render(messages("user", "Hi", "assistant", thoughtful), false))
                .isEqualTo("<|im_start|>user\nHi<|im_end|>\n"
                        + "<|im_start|>assistant\n<think>\nhm\n</think>\n\nHello<|im_end|>\n");
    }

    @Test
    void whatAMessageSaysIsNoTemplate() {
        ChatTemplate template =
                template(folder, "{% for m in messages %}{{ m.content }}|{{ m.role | upper }}{% endfor %}");
        String text = "{{ bos_token }}{% for x in y %}{# no #}{{ 7 * 7 }} \\n é 😀 <b>&amp;</b>";
        assertThat(template.render(messages("user", text), false)).isEqualTo(text + "|USER");
    }

    @Test
    void threadsRenderAtTheSameTime() {
        ChatTemplate template = template(folder, """
                {% set ns = namespace(n=0) %}
                {% for m in messages %}{% set ns.n = ns.n + m.content|length %}{{ m.content }}{% endfor %}={{ ns.n }}
                """);
        List<String> texts = IntStream.range(0, 400)
                .parallel()
                .mapToObj(i -> template.render(messages("user", "x".repeat(i), "user", "y"), false))
                .toList();
        assertThat(texts)
                .isEqualTo(IntStream.range(0, 400)
                        .mapToObj(i -> "x".repeat(i) + "y=" + (i + 1))
                        .toList());
    }

    @Test
    void aMessageHasARole() {
        assertThat(new ChatMessage("user", "").content()).isEmpty();
        assertThatThrownBy(() -> new ChatMessage(" ", "x"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("role");
    }
}
