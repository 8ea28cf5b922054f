package io.yoco4j.onednn;

import io.yoco4j.core.checkpoint.AtomicFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32;

/**
 * A file in a jar that must lie in a folder before it can be used.
 *
 * @param resource its place on the class path
 * @param size its bytes
 * @param crc32 of them
 */
record NativeFile(String resource, long size, long crc32) {
    private static final int PIECE = 1 << 18;

    String name() {
        return resource.substring(resource.lastIndexOf('/') + 1);
    }

    /**
     * Puts the file into a folder, unless it is there and is what it should be.
     *
     * @return where it is
     * @throws UnsupportedOperationException when the class path has no such file, or another one
     * @throws IOException when the folder cannot be written
     */
    Path in(Path folder) throws IOException {
        Path file = folder.resolve(name());
        if (intact(file)) {
            return file;
        }
        Files.createDirectories(folder);
        // A name of its own: others may be unpacking the same.
        Path temporary = Files.createTempFile(folder, "." + name(), ".tmp");
        try {
            unpack(temporary);
            AtomicFiles.move(temporary, file);
        } finally {
            Files.deleteIfExists(temporary);
        }
        return file;
    }

    private boolean intact(Path file) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) != size) {
            return false;
        }
        // Read, not mapped: page faults would take longer than the sum.
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
        CRC32 sum = new CRC32();
        try (FileChannel channel = FileChannel.open(file)) {
            while (channel.read(piece) >= 0) {
                sum.update(piece.flip());
                piece.clear();
            }
        }
        return sum.getValue() == crc32;
    }

    private void unpack(Path target) throws IOException {
        CRC32 sum = new CRC32();
        long written = 0;
        try (InputStream in = NativeFile.class.getResourceAsStream(resource);
                FileChannel out = FileChannel.open(target, StandardOpenOption.WRITE)) {
            if (in == null) {
                throw new UnsupportedOperationException("the class path has no " + resource);
            }
            byte[] piece = new byte[PIECE];
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                sum.update(piece, 0, n);
                ByteBuffer bytes = ByteBuffer.wrap(piece, 0, n);
                while (bytes.hasRemaining()) {
                    written += out.write(bytes);
                }
            }
            out.force(true);
        }
        if (written != size || sum.getValue() != crc32) {
            throw new UnsupportedOperationException("the class path has another version of " + resource);
        }
    }
}
