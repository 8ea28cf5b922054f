package io.yoco4j.cli;

import picocli.CommandLine.Option;

/** {@code --json}, for every command whose result a machine may read. */
final class JsonOption {
    @Option(names = "--json", description = "Print the result as one line of JSON.")
    private boolean json;

    boolean wanted() {
        return json;
    }
}
