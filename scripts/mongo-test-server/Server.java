import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** Serves MongoDB's protocol on a free port of loopback and prints its address; ends when its input does. */
public class Server {
    public static void main(String[] args) throws Exception {
        MongoServer server = new MongoServer(new MemoryBackend().version(new AtLeastForTheDriver()));
        System.out.println("mongodb:/" + server.bind());
        System.out.flush();
        while (System.in.read() >= 0) {
        }
        server.shutdownNow();
    }

    /**
     * The Go driver takes no server older than 4.4, while this one says at most wire version 8, of 4.2. It answers all that is asked of it here as a
     * 4.4 does.
     */
    private static final class AtLeastForTheDriver implements MongoVersion {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(4, 4, 0);
        }

        @Override
        public int getWireVersion() {
            return 9;
        }
    }
}
