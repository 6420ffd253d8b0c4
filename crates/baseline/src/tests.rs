//! Tests of what the engine cannot show.
