"""Solves one vehicle routing problem with a peer: `route_peers.py probe`, or a problem on stdin.

In:  {"peer", "seconds", "seed", "size", "distance": [...], "duration": [...], "stops": [[place, demand,
     service, from, until], ...], "vehicles", "capacity", "depot", "from", "until"}
Out: {"routes": [[stop, ...], ...], "cpuSeconds"}; stops count from 0. Nothing is printed when no feasible plan was found.
"""

import importlib.util
import json
import sys
import time


def pyvrp_routes(problem):
    import numpy
    import pyvrp

    class MaxProcessorTime:
        """As ours: bounded by processor time, so that a busy machine is nobody's loss."""

        def __init__(self, seconds):
            self.until = time.process_time() + seconds

        def __call__(self, best_cost):
            return time.process_time() >= self.until

    size = problem["size"]
    # Locations carry only coordinates, and the matrices are given: all of them are nowhere.
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(size)],
        [
            pyvrp.Client(place, delivery=[demand], service_duration=service, tw_early=early, tw_late=late)
            for place, demand, service, early, late in problem["stops"]
        ],
        [pyvrp.Depot(problem["depot"], tw_early=problem["from"], tw_late=problem["until"])],
        [
            pyvrp.VehicleType(
                problem["vehicles"], [problem["capacity"]], tw_early=problem["from"], tw_late=problem["until"]
            )
        ],
        [numpy.array(problem["distance"], dtype=numpy.int64).reshape(size, size)],
        [numpy.array(problem["duration"], dtype=numpy.int64).reshape(size, size)],
    )

    def run():
        best = pyvrp.solve(
            data, MaxProcessorTime(problem["seconds"]), seed=problem["seed"], collect_stats=False, display=False
        ).best
        if not best.is_feasible():
            return None
        return [[visit.idx for visit in route if visit.is_client()] for route in best.routes()]

    return run


def vroom_routes(problem):
    import numpy
    import vroom

    size = problem["size"]
    matrix = vroom.Input()
    matrix.set_durations_matrix("car", numpy.array(problem["duration"], dtype=numpy.uint32).reshape(size, size))
    matrix.set_costs_matrix("car", numpy.array(problem["distance"], dtype=numpy.uint32).reshape(size, size))
    for vehicle in range(problem["vehicles"]):
        matrix.add_vehicle(
            vroom.Vehicle(
                vehicle,
                start=problem["depot"],
                end=problem["depot"],
                profile="car",
                capacity=[problem["capacity"]],
                time_window=vroom.TimeWindow(problem["from"], problem["until"]),
            )
        )
    for number, (place, demand, service, early, late) in enumerate(problem["stops"]):
        matrix.add_job(
            vroom.Job(
                number,
                location=place,
                default_service=service,
                delivery=[demand],
                time_windows=[vroom.TimeWindow(early, late)],
            )
        )

    def run():
        # It stops by itself; a time-out would cut its heuristics short, which is not its best.
        level = 0 if problem["seconds"] < 0.2 else 1 if problem["seconds"] < 1 else 5
        solution = matrix.solve(exploration_level=level, nb_threads=1).to_dict()
        if solution.get("unassigned"):
            return None
        return [
            [step["id"] for step in route["steps"] if step["type"] == "job"] for route in solution["routes"]
        ]

    return run


PEERS = {"pyvrp": ("pyvrp", pyvrp_routes), "vroom": ("vroom", vroom_routes)}


def main():
    if sys.argv[1:] == ["probe"]:
        print(json.dumps([name for name, (module, _) in PEERS.items() if importlib.util.find_spec(module)]))
        return
    problem = json.load(sys.stdin)
    run = PEERS[problem["peer"]][1](problem)
    begin = time.process_time()
    routes = run()
    spent = time.process_time() - begin
    if routes is not None:
        print(json.dumps({"routes": routes, "cpuSeconds": spent}))


main()
