import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams, one thread for each core: sums by day and nature in a store in memory, with its cache and changelog.
 *
 * <p>Each partition adds up on its own, and whoever asks adds the partitions: no record goes through a topic again,
 * which {@code groupBy} would have them do.
 */
public final class Flux {
    private static final String SOMMES = "sommes";
    private static final long RIEN = 0L;

    public static final class Image {
        public String nature;
        public String arrivee;
        public String fin;
        public String fin_genre;
    }

    public static final class Mouvement {
        public Image avant;
        public Image apres;
    }

    public static final class Evenement {
        public String type;
        public Mouvement data;
    }

    private static final class Compteur implements Processor<byte[], byte[], Void, Void> {
        private static final ObjectReader LECTEUR = new ObjectMapper()
                .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false)
                .readerFor(Evenement.class);
        private static final Map<String, Long> JOURS = new ConcurrentHashMap<>();
        private final AtomicLong vus;
        private final long nombre;
        private final CountDownLatch fini;
        private final Map<String, long[]> changements = new HashMap<>();
        private KeyValueStore<String, long[]> sommes;

        Compteur(AtomicLong vus, long nombre, CountDownLatch fini) {
            this.vus = vus;
            this.nombre = nombre;
            this.fini = fini;
        }

        @Override
        public void init(ProcessorContext<Void, Void> contexte) {
            sommes = contexte.getStateStore(SOMMES);
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            Evenement evenement;
            try {
                evenement = LECTEUR.readValue(record.value());
            } catch (IOException erreur) {
                throw new IllegalStateException(erreur);
            }
            if (!evenement.type.endsWith(".mouvement.v1")) {
                return;
            }
            changements.clear();
            weigh(evenement.data.avant, -1);
            weigh(evenement.data.apres, 1);
            changements.forEach(this::add);
            if (vus.incrementAndGet() == nombre) {
                fini.countDown();
            }
        }

        private void weigh(Image image, long signe) {
            if (image == null) {
                return;
            }
            change(image.arrivee, image.nature)[0] += signe;
            if (image.fin == null) {
                return;
            }
            long[] sortie = change(image.fin, image.nature);
            if (image.fin_genre.equals("traitee")) {
                sortie[1] += signe;
                sortie[2] += signe * (day(image.fin) - day(image.arrivee));
            } else {
                sortie[3] += signe;
            }
        }

        private long[] change(String jour, String nature) {
            return changements.computeIfAbsent(jour + "|" + nature, cle -> new long[4]);
        }

        private void add(String cle, long[] change) {
            if (Arrays.stream(change).allMatch(n -> n == RIEN)) {
                return;
            }
            long[] avant = sommes.get(cle);
            long[] apres = change.clone();
            if (avant != null) {
                for (int rang = 0; rang < apres.length; rang++) {
                    apres[rang] += avant[rang];
                }
            }
            sommes.put(cle, apres);
        }

        private static long day(String jour) {
            return JOURS.computeIfAbsent(jour, j -> LocalDate.parse(j).toEpochDay());
        }
    }

    private static Serde<long[]> four() {
        return Serdes.serdeFrom(
                (sujet, quatre) -> {
                    if (quatre == null) {
                        return null;
                    }
                    ByteBuffer octets = ByteBuffer.allocate(32);
                    octets.asLongBuffer().put(quatre);
                    return octets.array();
                },
                (sujet, octets) -> {
                    if (octets == null) {
                        return null;
                    }
                    long[] quatre = new long[4];
                    ByteBuffer.wrap(octets).asLongBuffer().get(quatre);
                    return quatre;
                });
    }

    public static void main(String[] arguments) throws Exception {
        String courtier = arguments[0];
        String sujet = arguments[1];
        long nombre = Long.parseLong(arguments[2]);
        Properties reglages = new Properties();
        reglages.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[3]);
        reglages.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, courtier);
        reglages.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
        reglages.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        reglages.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 5_000);
        reglages.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
        reglages.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");

        AtomicLong vus = new AtomicLong();
        CountDownLatch fini = new CountDownLatch(1);
        StreamsBuilder plan = new StreamsBuilder();
        plan.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(SOMMES), Serdes.String(), four())
                .withCachingEnabled());
        plan.stream(sujet, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .process(() -> new Compteur(vus, nombre, fini), SOMMES);

        long debut = System.nanoTime();
        KafkaStreams flux = new KafkaStreams(plan.build(), reglages);
        flux.start();
        fini.await();
        double secondes = (System.nanoTime() - debut) / 1e9;
        StringBuilder chiffres = new StringBuilder();
        totals(flux).forEach((cle, q) -> chiffres.append(chiffres.length() > 0 ? "," : "")
                .append('"').append(cle).append("\":").append(Arrays.toString(q)));
        System.out.printf(
                java.util.Locale.ROOT,
                "%n{\"secondes\":%.3f,\"records\":%d,\"chiffres\":{%s}}%n",
                secondes,
                vus.get(),
                chiffres);
        System.out.flush();
        flux.close(Duration.ofSeconds(10));
    }

    private static Map<String, long[]> totals(KafkaStreams flux) {
        Map<String, long[]> totaux = new HashMap<>();
        var demande = StoreQueryParameters.fromNameAndType(
                SOMMES, QueryableStoreTypes.<String, long[]>keyValueStore());
        try (var cellules = flux.store(demande).all()) {
            cellules.forEachRemaining(cellule -> {
                long[] total = totaux.computeIfAbsent(cellule.key, cle -> new long[4]);
                for (int rang = 0; rang < total.length; rang++) {
                    total[rang] += cellule.value[rang];
                }
            });
        }
        totaux.values().removeIf(total -> Arrays.stream(total).allMatch(n -> n == RIEN));
        return totaux;
    }
}
