package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.eclipse.aether.repository.MirrorSelector;
import org.eclipse.aether.repository.Proxy;
import org.eclipse.aether.repository.ProxySelector;
import org.eclipse.aether.util.repository.DefaultMirrorSelector;
import org.eclipse.aether.util.repository.DefaultProxySelector;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;

/**
 * What resolving an artifact needs of Maven's settings.xml: the local repository, offline, mirrors and proxies. Servers
 * with passwords are not read: a mirror that asks for one needs the artifact in the local repository.
 */
record MavenSettings(Path localRepository, boolean offline, MirrorSelector mirrors, ProxySelector proxies) {
    private static final Pattern PROPERTY = Pattern.compile("\\$\\{(env\\.)?([^}]+)}");

    /** Settings without a file: online, nothing between here and the remote repository. */
    static MavenSettings of(Path localRepository) {
        return new MavenSettings(localRepository, false, new DefaultMirrorSelector(), new DefaultProxySelector());
    }

    /** The user's: {@code ~/.m2/settings.xml}, and {@code -Dmaven.repo.local}. */
    static MavenSettings ofUser() {
        Path m2 = Path.of(System.getProperty("user.home"), ".m2");
        MavenSettings settings = read(m2.resolve("settings.xml"), m2.resolve("repository"));
        String override = System.getProperty("maven.repo.local");
        return override == null || override.isBlank()
                ? settings
                : new MavenSettings(Path.of(override), settings.offline, settings.mirrors, settings.proxies);
    }

    /** Reads {@code file} if it exists. */
    static MavenSettings read(Path file, Path defaultRepository) {
        if (!Files.isRegularFile(file)) {
            return of(defaultRepository);
        }
        Element root;
        try (InputStream in = Files.newInputStream(file)) {
            var factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            var builder = factory.newDocumentBuilder();
            // Without a handler the parser prints to standard error.
            builder.setErrorHandler(null);
            root = builder.parse(in).getDocumentElement();
        } catch (SAXException e) {
            throw new InvalidInputException(
                    file + " is not valid XML (" + e.getMessage() + "): correct it, or fetch the artifact with Maven",
                    e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read: " + Cursor.reason(e), e);
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException("this JVM's XML parser lacks a standard feature", e);
        }
        String local = text(root, "localRepository");
        return new MavenSettings(
                local.isEmpty() ? defaultRepository : Path.of(local),
                text(root, "offline").equals("true"),
                mirrors(root),
                proxies(root));
    }

    private static MirrorSelector mirrors(Element root) {
        var selector = new DefaultMirrorSelector();
        for (Element mirror : children(root, "mirrors", "mirror")) {
            boolean blocked = text(mirror, "blocked").equals("true");
            selector.add(
                    text(mirror, "id"), text(mirror, "url"), "default", false, blocked, text(mirror, "mirrorOf"), "*");
        }
        return selector;
    }

    private static ProxySelector proxies(Element root) {
        var selector = new DefaultProxySelector();
        for (Element proxy : children(root, "proxies", "proxy")) {
            if (text(proxy, "active").equals("false")) {
                continue;
            }
            String port = text(proxy, "port");
            String type = text(proxy, "protocol").equals("https") ? Proxy.TYPE_HTTPS : Proxy.TYPE_HTTP;
            if (!port.isEmpty() && !port.matches("[0-9]{1,5}")) {
                throw new InvalidInputException(
                        "Maven's settings.xml has a proxy with port \"" + port + "\": give a number");
            }
            selector.add(
                    new Proxy(type, text(proxy, "host"), port.isEmpty() ? 8080 : Integer.parseInt(port)),
                    text(proxy, "nonProxyHosts"));
        }
        return selector;
    }

    private static List<Element> children(Element root, String list, String item) {
        return elements(root, list).stream()
                .flatMap(l -> elements(l, item).stream())
                .toList();
    }

    private static List<Element> elements(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        for (Node n = parent.getFirstChild(); n != null; n = n.getNextSibling()) {
            if (n instanceof Element e && e.getTagName().equals(name)) {
                found.add(e);
            }
        }
        return found;
    }

    /** The text of the first child of that name, its properties filled in, or "". */
    private static String text(Element parent, String name) {
        List<Element> found = elements(parent, name);
        return found.isEmpty()
                ? ""
                : interpolate(found.getFirst().getTextContent().strip(), System.getenv());
    }

    private static String interpolate(String value, Map<String, String> environment) {
        return PROPERTY.matcher(value).replaceAll(m -> {
            String found = m.group(1) == null ? System.getProperty(m.group(2)) : environment.get(m.group(2));
            return Matcher.quoteReplacement(found == null ? m.group() : found);
        });
    }
}
