import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Properties;

/** What pgjdbc makes of the server, its metadata included. Arguments: port, token, certificate. The store is that of clients.py. */
public final class Clients {
  private static final List<String> mistakes = new ArrayList<>();

  public static void main(String[] arguments) throws Exception {
    Properties given = new Properties();
    given.put("user", "anybody");
    given.put("password", arguments[1]);
    given.put("sslmode", "verify-ca");
    given.put("sslrootcert", arguments[2]);
    String address = "jdbc:postgresql://127.0.0.1:" + arguments[0] + "/telemetry";
    try (Connection connection = DriverManager.getConnection(address, given)) {
      metadata(connection.getMetaData());
      statements(connection);
    }
    given.put("password", "ctw_guessed");
    try (Connection connection = DriverManager.getConnection(address, given)) {
      mistakes.add("a guessed token is let in");
    } catch (SQLException refused) {
      same("state of a refusal", refused.getSQLState(), "28P01");
    }
    mistakes.forEach(mistake -> System.out.println("WRONG " + mistake));
    System.out.println("pgjdbc: " + mistakes.size() + " wrong");
    System.exit(mistakes.isEmpty() ? 0 : 1);
  }

  private static void metadata(DatabaseMetaData metadata) throws SQLException {
    same("version", metadata.getDatabaseMajorVersion(), 15);
    List<String> tables = column(metadata.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME");
    for (String name : new String[] {"events", "sessions", "friction"}) {
      same(name + " among the tables", tables.contains(name), true);
    }
    List<String> columns = column(metadata.getColumns(null, "public", "events", "occurred_at"), "TYPE_NAME");
    same("type of a column", columns, Arrays.asList("timestamptz"));
    same("schemas", column(metadata.getSchemas(), "TABLE_SCHEM").contains("public"), true);
    same("catalogs", column(metadata.getCatalogs(), "TABLE_CAT"), Arrays.asList("telemetry"));
    same("types", column(metadata.getTypeInfo(), "TYPE_NAME").contains("timestamptz"), true);
    same("keys", column(metadata.getPrimaryKeys(null, "public", "events"), "COLUMN_NAME").size(), 0);
    same("indexes", column(metadata.getIndexInfo(null, "public", "events", false, false), "INDEX_NAME").size(), 0);
    same("foreign keys", column(metadata.getImportedKeys(null, "public", "events"), "FK_NAME").size(), 0);
  }

  private static void statements(Connection connection) throws SQLException {
    String sql = "select seq, occurred_at, tab_id, dt, cast('1.50' as decimal(5, 2)) from pointer"
        + " where seq >= ? and tab_id = ? and occurred_at >= ? order by seq";
    // More often than after which the driver prepares and asks for binary.
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int turn = 0; turn < 12; turn++) {
        statement.setLong(1, turn);
        statement.setString(2, "t1");
        statement.setTimestamp(3, Timestamp.from(OffsetDateTime.of(2026, 11, 20, 12, 0, 0, 0, ZoneOffset.UTC).toInstant()));
        try (ResultSet rows = statement.executeQuery()) {
          same("a row", rows.next(), true);
          long seq = turn % 2 == 0 ? turn + 1 : turn;
          same("seq", rows.getLong(1), seq);
          same("time", rows.getTimestamp(2).toInstant().getEpochSecond(), 1795176000L + seq);
          same("text", rows.getString(3), "t1");
          same("list", Arrays.asList((Double[]) rows.getArray(4).getArray()), Arrays.asList(0.0, (double) seq));
          same("decimal", rows.getBigDecimal(5).toPlainString(), "1.50");
        }
      }
    }
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(7);
      int rows = 0;
      try (ResultSet all = statement.executeQuery("select seq from events order by seq")) {
        while (all.next()) {
          same("fetched in parts", all.getInt(1), rows++);
        }
      }
      same("rows", rows, 20);
      statement.executeQuery("select * from nothing");
      mistakes.add("a table that is not there is answered");
    } catch (SQLException failed) {
      same("state of a failure", failed.getSQLState(), "42P01");
    }
    connection.rollback();
  }

  private static List<String> column(ResultSet rows, String name) throws SQLException {
    List<String> values = new ArrayList<>();
    while (rows.next()) {
      values.add(rows.getString(name));
    }
    return values;
  }

  private static void same(String what, Object got, Object wanted) {
    if (!Objects.equals(got, wanted)) {
      mistakes.add(what + ": " + got + " instead of " + wanted);
    }
  }
}
