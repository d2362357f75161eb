/** A runtime that has loaded xypriss-cluster, and does nothing. */
import 'xypriss-cluster'
import './bare.mjs'
