package io.yoco4j.langchain4j;

import org.junit.jupiter.api.Tag;

/** As its parent, with cancellation, which takes half a minute. */
@Tag("slow")
class StreamingCancellationContractTest extends StreamingChatModelContractTest {
    @Override
    protected boolean supportsStreamingCancellation() {
        return true;
    }
}
