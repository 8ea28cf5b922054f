package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.nio.file.Path;
import java.util.List;
import org.apache.maven.model.building.DefaultModelProcessor;
import org.apache.maven.model.io.DefaultModelReader;
import org.apache.maven.model.locator.DefaultModelLocator;
import org.apache.maven.model.superpom.DefaultSuperPomProvider;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.repository.LocalRepository;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.resolution.ArtifactResult;
import org.eclipse.aether.supplier.RepositorySystemSupplier;
import org.eclipse.aether.supplier.SessionBuilderSupplier;
import org.eclipse.aether.transfer.ArtifactNotFoundException;

/** Fetches jars as Maven would: local repository first, then the remote one. */
final class MavenRepository {
    private final MavenSettings settings;
    private final String remoteUrl;

    MavenRepository(MavenSettings settings, String remoteUrl) {
        this.settings = settings;
        this.remoteUrl = remoteUrl;
    }

    /** Maven Central, with the settings of the user who runs this. */
    static MavenRepository ofUser() {
        return new MavenRepository(MavenSettings.ofUser(), central());
    }

    /** Maven Central's address, from the POM that every POM inherits from: what Maven itself goes by. */
    private static String central() {
        return new DefaultSuperPomProvider()
                .setModelProcessor(new DefaultModelProcessor()
                        .setModelReader(new DefaultModelReader())
                        .setModelLocator(new DefaultModelLocator()))
                .getSuperModel("4.0.0")
                .getRepositories()
                .getFirst()
                .getUrl();
    }

    /**
     * A jar of an artifact, fetched if need be.
     *
     * @param classifier {@code sources}, or empty for the artifact itself
     * @throws InvalidInputException naming the coordinates, when it cannot be had
     */
    Path jar(String group, String artifact, String version, String classifier) {
        Artifact jar = new DefaultArtifact(group, artifact, classifier, "jar", version);
        String name = "source maven:" + group + ":" + artifact + ":" + version + (classifier.isEmpty() ? ":jar" : "");
        RemoteRepository remote = new RemoteRepository.Builder("central", "default", remoteUrl).build();
        RepositorySystem system = new RepositorySystemSupplier().get();
        try (var session = new SessionBuilderSupplier(system)
                .get()
                .withLocalRepositories(new LocalRepository(settings.localRepository()))
                .setOffline(settings.offline())
                .setMirrorSelector(settings.mirrors())
                .setProxySelector(settings.proxies())
                .setConfigProperty("aether.transport.http.connectTimeout", 10_000)
                .setConfigProperty("aether.transport.http.requestTimeout", 60_000)
                .build()) {
            List<RemoteRepository> remotes = system.newResolutionRepositories(session, List.of(remote));
            ArtifactResult result = system.resolveArtifact(session, new ArtifactRequest(jar, remotes, ""));
            return result.getArtifact().getPath();
        } catch (ArtifactResolutionException e) {
            throw failed(name, classifier, e);
        } finally {
            system.shutdown();
        }
    }

    private InvalidInputException failed(String name, String classifier, ArtifactResolutionException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        if (settings.offline()) {
            return new InvalidInputException(
                    name
                            + " is not in the local repository, and Maven is set to be offline: go online or fetch it first",
                    e);
        }
        if (cause instanceof ArtifactNotFoundException) {
            return new InvalidInputException(
                    name + " has no " + (classifier.isEmpty() ? "" : classifier + " ")
                            + "jar in the local repository or at Maven Central: check group, artifact and"
                            + " version",
                    e);
        }
        return new InvalidInputException(
                name + " could not be fetched (" + cause.getMessage()
                        + "): check the network, the proxy and the mirrors in" + " Maven's settings.xml",
                e);
    }
}
