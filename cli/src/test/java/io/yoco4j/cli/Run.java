package io.yoco4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;

/** What a command printed and how it ended. */
record Run(int code, String out, String err) {
    static Run yoco(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Yoco.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
        return new Run(code, out.toString(), err.toString());
    }

    JsonNode json() throws IOException {
        return new JsonMapper().readTree(out);
    }
}
