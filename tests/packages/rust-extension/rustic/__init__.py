from rustic._native import facts as facts
