CREATE TABLE airports (iata text PRIMARY KEY, name text NOT NULL, state text, latitude double precision);
CREATE TABLE weather (location text NOT NULL, date date NOT NULL, temp_max numeric(4,1), wind real, PRIMARY KEY (location, date));
CREATE TABLE readings (at timestamptz, "Sensor Id" text, value double precision);
CREATE TABLE weather_daily (location text, date date, temp_max numeric(4,1), _lineage jsonb, UNIQUE (location, date));
