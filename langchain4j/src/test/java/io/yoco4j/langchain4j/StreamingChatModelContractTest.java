package io.yoco4j.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;

/** langchain4j's own tests of streaming chat models. What is said not to be supported is tested to be refused. */
class StreamingChatModelContractTest extends AbstractStreamingChatModelIT {

    @Override
    protected List<StreamingChatModel> models() {
        return List.of(
                YocoStreamingChatModel.builder().model(TrainedModel.model()).build());
    }

    @Override
    public StreamingChatModel createModelWith(ChatModelListener listener) {
        return YocoStreamingChatModel.builder()
                .model(TrainedModel.model())
                .listeners(List.of(listener))
                .build();
    }

    @Override
    protected StreamingChatModel createModelWith(ChatRequestParameters parameters) {
        return YocoStreamingChatModel.builder()
                .model(TrainedModel.model())
                .defaultRequestParameters(parameters)
                .build();
    }

    @Override
    protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
        return YocoChatRequestParameters.builder()
                .maxOutputTokens(maxOutputTokens)
                .build();
    }

    /**
     * It is, but langchain4j's test of it listens for half a minute whether anything still comes:
     * {@link StreamingCancellationContractTest} has it. {@link YocoStreamingChatModelTest} tests the same without waiting.
     */
    @Override
    protected boolean supportsStreamingCancellation() {
        return false;
    }

    /** One model is open, and answers to its own name alone. */
    @Override
    protected boolean supportsModelNameParameter() {
        return false;
    }

    /** These models call no tools. */
    @Override
    protected boolean supportsTools() {
        return false;
    }

    @Override
    protected boolean supportsToolChoiceRequired() {
        return false;
    }

    /** Decoding is not constrained by a grammar. */
    @Override
    protected boolean supportsJsonResponseFormat() {
        return false;
    }

    @Override
    protected boolean supportsJsonResponseFormatWithSchema() {
        return false;
    }

    @Override
    protected boolean supportsJsonResponseFormatWithRawSchema() {
        return false;
    }

    /** These models read text alone. */
    @Override
    protected boolean supportsSingleImageInputAsBase64EncodedString() {
        return false;
    }

    @Override
    protected boolean supportsSingleImageInputAsPublicURL() {
        return false;
    }
}
