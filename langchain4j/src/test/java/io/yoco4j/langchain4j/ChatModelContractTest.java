package io.yoco4j.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;

/** langchain4j's own tests of chat models. What is said not to be supported is tested to be refused. */
class ChatModelContractTest extends AbstractChatModelIT {

    @Override
    protected List<ChatModel> models() {
        return List.of(YocoChatModel.builder().model(TrainedModel.model()).build());
    }

    @Override
    protected ChatModel createModelWith(ChatRequestParameters parameters) {
        return YocoChatModel.builder()
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
