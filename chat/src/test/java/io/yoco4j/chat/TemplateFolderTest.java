package io.yoco4j.chat;

import static io.yoco4j.chat.TemplateFixture.messages;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateFolderTest {

    @TempDir
    Path folder;

    private void config(String json) {
        TemplateFixture.write(folder, "tokenizer_config.json", json);
    }

    private String rendered() {
        return ChatTemplate.of(folder).orElseThrow().render(messages("user", "hi"), true);
    }

    @Test
    void aFolderMayHaveNone() {
        assertThat(ChatTemplate.of(folder)).isEmpty();
        config("{\"bos_token\": \"<s>\"}");
        assertThat(ChatTemplate.of(folder)).isEmpty();
        config("{\"chat_template\": null}");
        assertThat(ChatTemplate.of(folder)).isEmpty();
        config("{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"x\"}]}");
        assertThat(ChatTemplate.of(folder)).isEmpty();
    }

    @Test
    void theFieldOfTheTokenizersFile() {
        config("{\"chat_template\": \"{{ messages[0].content }}\"}");
        assertThat(rendered()).isEqualTo("hi");
        config("{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"x\"},"
                + " {\"name\": \"default\", \"template\": \"{{ messages[0].role }}\"}]}");
        assertThat(rendered()).isEqualTo("user");
    }

    @Test
    void theFileOfItsOwnGoesFirst() {
        config("{\"chat_template\": \"field\", \"bos_token\": \"<s>\"}");
        TemplateFixture.write(folder, "chat_template.jinja", "{{ bos_token }}file");
        assertThat(rendered()).isEqualTo("<s>file");
        TemplateFixture.write(folder, "chat_template.jinja", "file, {{ bos_token is defined }}");
        config("{}");
        assertThat(rendered()).isEqualTo("file, False");
    }

    @Test
    void specialTokensAreVariables() {
        config("""
                {"bos_token": {"content": "<s>", "lstrip": true}, "eos_token": "</s>", "unk_token": null,
                 "pad_token": "<p>", "add_eos_token": false, "model_max_length": 3,
                 "additional_special_tokens": ["<a>", {"content": "<b>"}],
                 "chat_template": "{{ bos_token ~ eos_token ~ pad_token ~ additional_special_tokens[1] ~ unk_token ~ add_eos_token }}"}
                """);
        assertThat(rendered()).isEqualTo("<s></s><p><b>");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            quoteCharacter = '`',
            value = {
                "{ § is not valid JSON",
                "[] § must be a JSON object",
                "{\"chat_template\": 3} § chat_template is 3, but must be a template or a list",
                "{\"chat_template\": \"{{ a\"} § chat_template: line 1: {{ is not closed",
                "{\"bos_token\": 7} § bos_token is 7, but must be a string",
                "{\"eos_token\": {\"id\": 1}} § eos_token is {\"id\":1}, but must be",
            })
    void whatCannotBeReadIsNamed(String json, String reason) {
        config(json);
        assertThatThrownBy(() -> ChatTemplate.of(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(folder.resolve("tokenizer_config.json") + ": ")
                .hasMessageContaining(reason);
    }

    @Test
    void filesOfAnotherKindAreRefused() throws IOException {
        Path template = folder.resolve("chat_template.jinja");
        Files.write(template, new byte[] {(byte) 0xff, (byte) 0xfe});
        assertThatThrownBy(() -> ChatTemplate.of(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(template + " is not UTF-8 text: take the file of the model again");
        Files.delete(template);
        Files.createDirectory(template);
        assertThatThrownBy(() -> ChatTemplate.of(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(template + " cannot be read");
    }
}
